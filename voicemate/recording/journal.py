"""The journal of a recording: what happened beside the sound, in order."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from voicemate.core.events import Event
from voicemate.recording.codec import DecodeError, TypeRegistry, encode
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoiceEvent

_LARGEST = 64 * 1024 * 1024
"""Bytes of an unpacked journal record; half a second has some thousand."""


@dataclass(frozen=True, slots=True)
class BlockProcessed:
    """The ears heard the block that began at ``at`` and told this."""

    at: int
    voice_events: tuple[VoiceEvent, ...]


@dataclass(frozen=True, slots=True)
class SegmenterCommanded:
    """The ears were given a command between two blocks (``command`` is the method's name) and told this."""

    command: str
    voice_events: tuple[VoiceEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class FloorStepped:
    """The floor was given ``got`` and answered with ``acts``."""

    message: FloorInput
    actions: tuple[FloorAction, ...]


@dataclass(frozen=True, slots=True)
class EventPublished:
    """An event was told."""

    event: Event


JournalEntry = BlockProcessed | SegmenterCommanded | FloorStepped | EventPublished

COMMANDS = ("close", "end_speech")
"""What ears may be given. It changes what they tell of the next blocks, so a replay must give it to them, too."""


def pack(entries: list[JournalEntry]) -> bytes:
    """``entries`` as one compressed payload.

    Raises:
        TypeError: one of them holds something that cannot be kept.
    """
    return zlib.compress(json.dumps([_encode(entry) for entry in entries], separators=(",", ":")).encode(), 6)


def unpack(payload: bytes) -> Iterator[JournalEntry]:
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


def _encode(entry: JournalEntry) -> list[Any]:
    match entry:
        case BlockProcessed(at, told):
            return ["heard", at, [encode(one) for one in told]]
        case SegmenterCommanded(command, told):
            return ["ears", command, [encode(one) for one in told]]
        case FloorStepped(got, acts):
            return ["step", encode(got), [encode(act) for act in acts]]
        case EventPublished(event):
            return ["event", encode(event)]


def _decode(encoded: Any) -> JournalEntry:
    families = _families()
    match encoded:
        case ["heard", int() as at, [*told]]:
            return BlockProcessed(at, tuple(families.speech.decode(one) for one in told))
        case ["ears", str() as command, [*told]] if command in COMMANDS:
            return SegmenterCommanded(command, tuple(families.speech.decode(one) for one in told))
        case ["step", got, [*acts]]:
            return FloorStepped(families.inputs.decode(got), tuple(families.acts.decode(act) for act in acts))
        case ["event", event]:
            return EventPublished(families.events.decode(event))
    raise DecodeError("there is an entry of an unknown kind")


@dataclass(frozen=True)
class _Families:
    inputs: TypeRegistry[FloorInput]
    acts: TypeRegistry[FloorAction]
    events: TypeRegistry[Event]
    speech: TypeRegistry[Any]


@cache
def _families() -> _Families:
    """Made when first needed, when every module that adds a class has been imported."""
    return _Families(
        TypeRegistry(more=get_args(FloorInput)),
        TypeRegistry(more=get_args(FloorAction)),
        TypeRegistry(Event),
        TypeRegistry(more=get_args(VoiceEvent)),
    )
