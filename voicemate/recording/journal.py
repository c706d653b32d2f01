"""The journal of a recording: what happened beside the sound, in order."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from voicemate.core.events import Event
from voicemate.recording.codec import DecodeError, Family, encode
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoiceEvent

_LARGEST = 64 * 1024 * 1024
"""Bytes of an unpacked journal record; half a second has some thousand."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The ears heard the block that began at ``at`` and told this."""

    at: int
    told: tuple[VoiceEvent, ...]


@dataclass(frozen=True, slots=True)
class Commanded:
    """The ears were given a command between two blocks (``command`` is the method's name) and told this."""

    command: str
    told: tuple[VoiceEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """The floor was given ``got`` and answered with ``acts``."""

    got: FloorInput
    acts: tuple[FloorAction, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event was told."""

    event: Event


Entry = Heard | Commanded | Step | Happened

COMMANDS = ("close", "end_speech")
"""What ears may be given. It changes what they tell of the next blocks, so a replay must give it to them, too."""


def pack(entries: list[Entry]) -> bytes:
    """``entries`` as one compressed payload.

    Raises:
        TypeError: one of them holds something that cannot be kept.
    """
    return zlib.compress(json.dumps([_encode(entry) for entry in entries], separators=(",", ":")).encode(), 6)


def unpack(payload: bytes) -> Iterator[Entry]:
    """The entries of a payload.

    Raises:
        DecodeError: it holds something that this version does not know.
    """
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(payload, _LARGEST)
        entries = json.loads(text)
    except (zlib.error, ValueError):
        raise DecodeError("a piece of the journal cannot be read") from None
    if not isinstance(entries, list) or not stream.eof:
        raise DecodeError("a piece of the journal is no list")
    yield from map(_decode, entries)


def _encode(entry: Entry) -> list[Any]:
    match entry:
        case Heard(at, told):
            return ["heard", at, [encode(one) for one in told]]
        case Commanded(command, told):
            return ["ears", command, [encode(one) for one in told]]
        case Step(got, acts):
            return ["step", encode(got), [encode(act) for act in acts]]
        case Happened(event):
            return ["event", encode(event)]


def _decode(encoded: Any) -> Entry:
    families = _families()
    match encoded:
        case ["heard", int() as at, [*told]]:
            return Heard(at, tuple(families.speech.decode(one) for one in told))
        case ["ears", str() as command, [*told]] if command in COMMANDS:
            return Commanded(command, tuple(families.speech.decode(one) for one in told))
        case ["step", got, [*acts]]:
            return Step(families.inputs.decode(got), tuple(families.acts.decode(act) for act in acts))
        case ["event", event]:
            return Happened(families.events.decode(event))
    raise DecodeError("there is an entry of an unknown kind")


@dataclass(frozen=True)
class _Families:
    inputs: Family[FloorInput]
    acts: Family[FloorAction]
    events: Family[Event]
    speech: Family[Any]


@cache
def _families() -> _Families:
    """Made when first needed, when every module that adds a class has been imported."""
    return _Families(
        Family(more=get_args(FloorInput)),
        Family(more=get_args(FloorAction)),
        Family(Event),
        Family(more=get_args(VoiceEvent)),
    )
