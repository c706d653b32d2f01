"""What clients that watch are sent: every event, and its words only for those who asked for words."""

from dataclasses import fields
from enum import Enum
from typing import Any

from voicemate.events import Event, Level

WORDLESS = frozenset({"reason", "why", "where", "wrong", "remedy", "language", "chord", "mode"})
"""Text fields of events that hold no words of the conversation. Any other text, also that of an event nobody has
thought of yet, counts as words."""


def event_data(event: Event, words: bool) -> dict[str, Any]:
    """The fields of ``event`` by name, ready for JSON; without its words unless ``words``."""
    shown: dict[str, Any] = {}
    for field in fields(event):
        value = getattr(event, field.name)
        if words or _wordless(field.name, value):
            shown[field.name] = _plain(value)
    return shown


def is_level(event: Event) -> bool:
    """Ten a second, each replaced by the next: the first to be left out for somebody who reads slowly."""
    return isinstance(event, Level)


def _wordless(name: str, value: object) -> bool:
    if value is None or isinstance(value, Enum | bool | int | float):
        return True
    if isinstance(value, tuple | list):
        return all(_wordless(name, part) for part in value)
    return isinstance(value, str) and name in WORDLESS


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return round(value, 3) if abs(value) < float("inf") else None
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
