"""What is wrong with a file that a person wrote, in their words instead of pydantic's."""

import json
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_LONGEST_VALUE = 40
"""Characters of a wrong value that are shown."""

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
}
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} long",
    "maxLength": "at most {} characters long",
}


def describe_first_error(error: ValidationError, model: type[BaseModel], noun: str) -> tuple[str, str]:
    """What is wrong, and what to do about it, for the first problem of ``error``.

    Args:
        model: what was to be made; its field descriptions go into the answer.
        noun: what a field is called in such a file, such as "setting".

    Returns:
        Two sentences without full stop: ``("there is no setting `hearing.modle`", "Perhaps `stt.model` is
        meant")``. The first one begins with a small letter, so that it can follow the name of the file.
    """
    problem = _most_telling(error.errors(include_url=False))
    *parents, last = problem["loc"] or ("",)
    key = _written([*parents, last])
    owner = _model_at(model, parents)
    match problem["type"]:
        case "extra_forbidden":
            return f"there is no {noun} `{key}`", _suggestion(parents, str(last), owner)
        case "missing":
            return f"the {noun} `{key}` is missing", _demand(owner, last)
        case "model_type":
            demand = "It must be a table"
        case "value_error":  # what is wrong is more than a type or a bound, and told by whoever knows
            demand = str(problem["ctx"]["error"]).rstrip(".")
        case _:
            demand = _demand(owner, last) or problem["msg"]
    value = json.dumps(problem["input"], ensure_ascii=False, default=str)
    shown = value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…"
    return f"the {noun} `{key}` cannot be {shown}", demand


def _most_telling(problems: list[Any]) -> Any:
    """The first problem; but what is missing may be there under a misspelt name, and that is the better answer."""
    first = problems[0]
    if first["type"] != "missing":
        return first
    misspelt = (p for p in problems if p["type"] == "extra_forbidden" and p["loc"][:-1] == first["loc"][:-1])
    return next(misspelt, first)


def _written(location: list[int | str]) -> str:
    """A place in the file: ``examples[2].user`` is the field of the second example."""
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _model_at(model: type[BaseModel], location: list[int | str]) -> type[BaseModel] | None:
    """The model of the table at ``location``; None when what stands there is no table."""
    found: Any = model
    for part in location:
        if isinstance(part, int):
            found = next(iter(get_args(found)), None)
        else:
            field = found.model_fields.get(part) if _is_model(found) else None
            found = field.annotation if field else None
    return found if _is_model(found) else None


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _suggestion(parents: list[int | str], name: str, owner: type[BaseModel] | None) -> str:
    known = list(owner.model_fields) if owner else []
    close = get_close_matches(name, known, n=1)
    if close:
        return f"Perhaps `{_written([*parents, close[0]])}` is meant"
    return f"There are {', '.join(f'`{field}`' for field in known)}" if known else ""


def _demand(owner: type[BaseModel] | None, name: int | str) -> str:
    """What the field must be, and its description."""
    field = owner.model_fields.get(str(name)) if owner else None
    needed = requirement(owner, str(name)) if owner and field else ""
    description = f" ({field.description})" if field and field.description else ""
    return f"It must be {needed}{description}" if needed else ""


def requirement(owner: type[BaseModel], name: str) -> str:
    """What the field ``name`` must be, in words: its type and its bounds, from its schema; "" where words fail."""
    schema = _properties(owner)[name]
    choices = [f"`{choice}`" for choice in schema.get("enum", ())]
    kind = " or ".join(choices) or _KINDS.get(schema.get("type", ""))
    if not kind:
        return ""
    bounds = " and ".join(text.format(schema[bound]) for bound, text in _BOUNDS.items() if bound in schema)
    return f"{kind}{', ' + bounds if bounds else ''}"


@cache
def _properties(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()["properties"]
