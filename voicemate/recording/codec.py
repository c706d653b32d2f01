"""Encodes frozen dataclasses as JSON values and back, by reflection: a new class needs no code here.

A value becomes ``[class name, {field: value}]``. Enums become their values, and tuples lists; floats are exact,
including NaN.
"""

import dataclasses
from collections.abc import Iterable
from enum import Enum
from typing import Any, Generic, TypeVar, cast

import numpy as np
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


def encode(value: Any) -> list[Any]:
    """Encode a dataclass instance.

    Raises:
        TypeError: a field holds something that JSON cannot.
    """
    return [type(value).__name__, _fields(value)]


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: _to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}


def _to_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, Enum):
        return _to_json(value.value)
    if isinstance(value, np.generic):
        return cast("Any", value).item()
    if isinstance(value, tuple | list | set | frozenset):
        return [_to_json(item) for item in cast("Iterable[Any]", value)]
    if isinstance(value, dict):
        return {str(_to_json(key)): _to_json(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if value is None or isinstance(value, int | float):
        return value
    raise TypeError(f"{value!r} cannot be recorded")


class DecodeError(ValueError):
    """What was recorded does not fit the classes of this version."""


class TypeRegistry(Generic[T]):
    """The classes that may occur in one place of a recording, by name.

    Args:
        base: included with all its subclasses (whose modules must have been imported).
        more: classes without a common base.
    """

    def __init__(self, base: type[T] | None = None, more: Iterable[type[T]] = ()) -> None:
        classes = [*_with_subclasses(base), *more] if base else list(more)
        # dataclass(slots=True) makes a second class, and the first one may linger: the last one counts.
        self._classes = {one.__name__: one for one in classes}
        self._adapters: dict[str, TypeAdapter[T]] = {}

    def decode(self, encoded: Any) -> T:
        """Return the value that ``encode`` was given; fields that were added since get their defaults.

        Raises:
            DecodeError: this version has no such class, or it has other fields.
        """
        match encoded:
            case [str() as name, dict()] if name in self._classes:
                return self._decode(name, cast("Any", encoded)[1])
            case [str() as name, dict()]:
                raise DecodeError(f"there is no {name}")
            case _:
                raise DecodeError("there is a value without a name")

    def _decode(self, name: str, fields: dict[str, Any]) -> T:
        cls: Any = self._classes[name]
        unknown = fields.keys() - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise DecodeError(f"{name} has no {min(unknown)}")
        adapter = self._adapters.get(name)
        if adapter is None:
            adapter = self._adapters[name] = TypeAdapter(self._classes[name])
        try:
            return adapter.validate_python(fields)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise DecodeError(f"{name}.{place} has a value that is not allowed") from None


def _with_subclasses(base: type[T]) -> list[type[T]]:
    return [base, *(one for child in base.__subclasses__() for one in _with_subclasses(child))]
