"""What clients that watch are sent: every event, and its words only for those who asked for words."""

from dataclasses import fields
from enum import Enum
from typing import Any

from voicemate.core.events import Event, MicrophoneLevel

NON_SPEECH_FIELDS = frozenset({"reason", "why", "where", "wrong", "remedy", "language", "chord", "mode"})
"""Text fields of events that hold no words of the conversation. Any other text, also that of an event nobody has
thought of yet, counts as words."""


def event_data(event: Event, include_words: bool) -> dict[str, Any]:
    """The fields of ``event`` by name, ready for JSON; without its words unless ``words``."""
    shown: dict[str, Any] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        if include_words or _has_no_words(field.name, value):
            shown[field.name] = _to_json(value)
    return shown


def is_level(event: Event) -> bool:
    """Ten a second, each replaced by the next: the first to be left out for somebody who reads slowly."""
    return isinstance(event, MicrophoneLevel)


def _has_no_words(name: str, value: object) -> bool:
    if value is None or isinstance(value, Enum | bool | int | float):
        return True
    if isinstance(value, tuple | list):
        return all(_has_no_words(name, part) for part in value)
    return isinstance(value, str) and name in NON_SPEECH_FIELDS


def _to_json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, 3) if abs(value) < float("inf") else None
    if isinstance(value, tuple | list):
        return [_to_json(part) for part in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
