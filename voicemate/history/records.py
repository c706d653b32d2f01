"""What the history gives back."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from voicemate.metrics.timing import Timing


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One conversation, from start to stop.

    Attributes:
        id: counts the conversations; never used again after it was forgotten.
        started, ended: wall time, UTC; ``ended`` is None while it runs, or when it was cut off.
        persona: the character's name.
        models: the models by role, such as ``{"stt": "whisper-base"}``.
        version: of voicemate.
        turns: how many of the person's turns are kept.
        first_words: the first thing the person said; empty when they said nothing.
    """

    id: int
    started: datetime
    ended: datetime | None
    persona: str
    models: Mapping[str, str]
    version: str
    turn_count: int
    first_words: str


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """What the person said, and what they heard in reply.

    Attributes:
        session: id of its conversation.
        persona: who answered.
        number: counts the person's turns from 1; 0 is the character's greeting.
        asked, ended: wall time, UTC; ``ended`` is None when the reply was cut off by the program's end.
        said: the person's words.
        language: two letters; empty for a greeting.
        reply: the part of the reply that left the loudspeaker.
        interrupted: the person took the floor back.
        timing: None when no sample of the reply was heard.
    """

    session: int
    persona: str
    number: int
    asked: datetime
    ended: datetime | None
    said: str
    language: str
    reply: str
    interrupted: bool
    timing: Timing | None


def to_timestamp(moment: datetime) -> str:
    """``moment`` as the history writes it: UTC, ISO 8601, to the millisecond, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def normalize_text(text: str) -> str:
    """``text`` as it can be kept and found again: valid Unicode in its composed form, without NULs."""
    valid = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return unicodedata.normalize("NFC", valid)
