"""What is wrong with a file that a person wrote, wherever in it that is."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voicemate.config.validation import describe_first_error


class Pet(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=8)
    legs: int = Field(default=4, gt=0, description="how many it walks on")


class Farm(BaseModel):
    model_config = ConfigDict(extra="forbid")
    owner: str
    pets: tuple[Pet, ...] = ()
    nickname: str | None = None


def problem(**given: Any) -> str:
    with pytest.raises(ValidationError) as wrong:
        Farm.model_validate(given)
    return ": ".join(describe_first_error(wrong.value, Farm, "key"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "the key `owner` is missing: It must be text"),
        ({"owner": "Ann", "ownr": 1}, "there is no key `ownr`: Perhaps `owner` is meant"),
        ({"owner": "Ann", "zzz": 1}, "there is no key `zzz`: There are `owner`, `pets`, `nickname`"),
        (
            {"owner": "Ann", "pets": [{"name": "Rex"}, {"nam": "Tom", "name": "Tom"}]},
            "there is no key `pets[2].nam`: Perhaps `pets[2].name` is meant",
        ),
        (
            {"owner": "Ann", "pets": [{"name": "Rex", "legs": 0}]},
            "the key `pets[1].legs` cannot be 0: It must be a whole number, more than 0 (how many it walks on)",
        ),
        (
            {"owner": "Ann", "pets": [{"name": "Bartholomew"}]},
            'the key `pets[1].name` cannot be "Bartholomew": '
            "It must be text, at least 1 long and at most 8 characters long",
        ),
        ({"owner": "Ann", "pets": 3}, "the key `pets` cannot be 3: It must be a list"),
        ({"owner": "Ann", "pets": [3]}, "the key `pets[1]` cannot be 3: It must be a table"),
        ({"owner": "Ann", "nickname": 3}, "the key `nickname` cannot be 3: Input should be a valid string"),
    ],
)
def test_a_problem_is_told_with_its_place_and_the_way_out(given: dict[str, Any], told: str):
    assert problem(**given).startswith(told)
