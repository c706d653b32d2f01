"""Frozen dataclasses as JSON and back, by reflection: a class that is new to the floor needs no line here.

A value becomes ``[class name, {field: value}]``. Enums are kept as their values, tuples as lists; floats come back
as the same floats, not-a-number included.
"""

import dataclasses
from collections.abc import Iterable
from enum import Enum
from typing import Any, Generic, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


def encode(value: Any) -> list[Any]:
    """A dataclass instance as JSON values.

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
        return value.item()
    if isinstance(value, tuple | list | set | frozenset):
        return [_to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(_to_json(key)): _to_json(item) for key, item in value.items()}
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if value is None or isinstance(value, int | float):
        return value
    raise TypeError(f"{value!r} cannot be recorded")


class DecodeError(ValueError):
    """What was recorded does not fit the classes of this version."""


class TypeRegistry(Generic[T]):
    """The classes that one place of a recording may hold, by name.

    Args:
        base: with all its subclasses, wherever they are defined (their modules must have been imported).
        more: classes without a common base.
    """

    def __init__(self, base: type[T] | None = None, more: Iterable[type[T]] = ()):
        classes = [*_with_subclasses(base), *more] if base else list(more)
        # ``dataclass(slots=True)`` makes a class anew and the first one may linger: of a name the last one counts.
        self._classes = {one.__name__: one for one in classes}
        self._adapters: dict[str, TypeAdapter[T]] = {}

    def decode(self, encoded: Any) -> T:
        """The value that ``encode`` was given.

        Fields that are younger than the recording get their defaults.

        Raises:
            DecodeError: this version has no such class, or it has other fields.
        """
        match encoded:
            case [str() as name, dict() as given] if name in self._classes:
                unknown = given.keys() - {field.name for field in dataclasses.fields(self._classes[name])}  # pyright: ignore[reportArgumentType]
                if unknown:
                    raise DecodeError(f"{name} has no {min(unknown)}")
                return self._decode(name, given)
            case [str() as name, dict()]:
                raise DecodeError(f"there is no {name}")
        raise DecodeError("it is no value with a name")

    def _decode(self, name: str, given: dict[str, Any]) -> T:
        adapter = self._adapters.get(name)
        if adapter is None:
            adapter = self._adapters[name] = TypeAdapter(self._classes[name])
        try:
            return adapter.validate_python(given)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise DecodeError(f"{name}.{place} is not what it should be") from None


def _with_subclasses(base: type[T]) -> list[type[T]]:
    return [base, *(one for child in base.__subclasses__() for one in _with_subclasses(child))]
