"""Events as JSON and back. What was said is only in the messages for clients that asked for it."""

from collections.abc import Sequence
from dataclasses import fields
from enum import Enum
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from voicemate.core.events import Event, MicrophoneLevel

NON_SPEECH_FIELDS = frozenset({"reason", "component", "message", "hint", "language", "chord", "mode", "request_id"})
"""Text fields of events that hold nothing that was said. Any other text counts as said, also that of a new event."""


def event_data(event: Event, include_words: bool) -> dict[str, Any]:
    """The fields of ``event`` by name, ready for JSON.

    Args:
        include_words: with what was said.
    """
    shown: dict[str, Any] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        if include_words or _has_no_words(field.name, value):
            shown[field.name] = _to_json(value)
    return shown


def parse_event(name: str, data: dict[str, Any]) -> Event | None:
    """The event of class ``name`` with these fields; None if this version has no such event.

    Text that was left out because it was said is empty.

    Raises:
        ValueError: the fields do not fit the class.
    """
    kind = _event_classes().get(name)
    if kind is None:
        return None
    left_out = {field.name: "" for field in fields(kind) if field.type in ("str", str)}
    try:
        return _adapter(kind).validate_python({**left_out, **data})
    except ValidationError as error:
        raise ValueError(f"{name} has other fields") from error


def is_level(event: Event) -> bool:
    """Ten a second, each replaced by the next: the first to be dropped for a client that reads slowly."""
    return isinstance(event, MicrophoneLevel)


@cache
def _event_classes() -> dict[str, type[Event]]:
    return {kind.__name__: kind for kind in Event.__subclasses__()}


@cache
def _adapter(kind: type[Event]) -> TypeAdapter[Event]:
    return TypeAdapter(kind)


def _has_no_words(name: str, value: object) -> bool:
    if value is None or isinstance(value, Enum | bool | int | float):
        return True
    if isinstance(value, tuple | list):
        return all(_has_no_words(name, part) for part in cast(Sequence[object], value))
    return isinstance(value, str) and name in NON_SPEECH_FIELDS


def _to_json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, 3) if abs(value) < float("inf") else None
    if isinstance(value, tuple | list):
        return [_to_json(part) for part in cast(Sequence[object], value)]
    return value if isinstance(value, str | int | bool | None) else str(value)
