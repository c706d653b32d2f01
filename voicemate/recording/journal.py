"""The journal of a recording: everything that happened except the audio, in order."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, assert_never, cast, get_args

from voicemate.core.events import Event
from voicemate.recording.codec import DecodeError, TypeRegistry, encode
from voicemate.turns.messages import FloorAction, FloorInput
from voicemate.vad.state_machine import VoiceEvent

_LARGEST = 64 * 1024 * 1024
"""Bytes of an unpacked journal record; half a second has some thousand."""


@dataclass(frozen=True, slots=True)
class CloseUtterance:
    """A command for the segmenter: the utterance is over."""


@dataclass(frozen=True, slots=True)
class PauseVoice:
    """A command for the segmenter: take the voice for paused now."""


SegmenterCommand = CloseUtterance | PauseVoice
"""It changes what the segmenter makes of the next blocks, so a replay must give it to the segmenter too."""


@dataclass(frozen=True, slots=True)
class BlockProcessed:
    """The segmenter processed the block that began at clock position ``at``."""

    at: int
    voice_events: tuple[VoiceEvent, ...]


@dataclass(frozen=True, slots=True)
class SegmenterCommanded:
    """The segmenter got a command between two blocks."""

    command: SegmenterCommand
    voice_events: tuple[VoiceEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class FloorStepped:
    """The floor took ``message`` and returned ``actions``."""

    message: FloorInput
    actions: tuple[FloorAction, ...]


@dataclass(frozen=True, slots=True)
class EventPublished:
    """The conversation published an event."""

    event: Event


JournalEntry = BlockProcessed | SegmenterCommanded | FloorStepped | EventPublished


def pack(entries: list[JournalEntry]) -> bytes:
    """Compress ``entries`` into one payload.

    Raises:
        TypeError: one of them holds something that cannot be recorded.
    """
    return zlib.compress(json.dumps([_encode(entry) for entry in entries], separators=(",", ":")).encode(), 6)


def unpack(payload: bytes) -> Iterator[JournalEntry]:
    """Yield the entries of a payload.

    Raises:
        DecodeError: the payload is damaged, or holds something that this version does not know.
    """
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(payload, _LARGEST)
        entries: Any = json.loads(text)
    except (zlib.error, ValueError):
        raise DecodeError("a part of the journal cannot be read") from None
    if not isinstance(entries, list) or not stream.eof:
        raise DecodeError("a part of the journal is not a list")
    yield from map(_decode, cast("list[Any]", entries))


def _encode(entry: JournalEntry) -> list[Any]:
    match entry:
        case BlockProcessed(at, voice_events):
            return ["block", at, [encode(event) for event in voice_events]]
        case SegmenterCommanded(command, voice_events):
            return ["segmenter", encode(command), [encode(event) for event in voice_events]]
        case FloorStepped(message, actions):
            return ["step", encode(message), [encode(action) for action in actions]]
        case EventPublished(event):
            return ["event", encode(event)]
        case _:
            assert_never(entry)


def _decode(encoded: Any) -> JournalEntry:
    types = _recorded_types()
    match encoded:
        case ["block", int() as at, [*voice_events]]:
            return BlockProcessed(at, tuple(types.voice_events.decode(event) for event in voice_events))
        case ["segmenter", command, [*voice_events]]:
            decoded = tuple(types.voice_events.decode(event) for event in voice_events)
            return SegmenterCommanded(types.commands.decode(command), decoded)
        case ["step", message, [*actions]]:
            return FloorStepped(types.inputs.decode(message), tuple(types.actions.decode(one) for one in actions))
        case ["event", event]:
            return EventPublished(types.events.decode(event))
        case _:
            raise DecodeError("there is an entry of an unknown kind")


@dataclass(frozen=True)
class _RecordedTypes:
    inputs: TypeRegistry[FloorInput]
    actions: TypeRegistry[FloorAction]
    events: TypeRegistry[Event]
    voice_events: TypeRegistry[VoiceEvent]
    commands: TypeRegistry[SegmenterCommand]


@cache
def _recorded_types() -> _RecordedTypes:
    """Return the classes; call it only when every module that defines one has been imported."""
    return _RecordedTypes(
        TypeRegistry(more=get_args(FloorInput)),
        TypeRegistry(more=get_args(FloorAction)),
        TypeRegistry(Event),
        TypeRegistry(more=get_args(VoiceEvent)),
        TypeRegistry(more=get_args(SegmenterCommand)),
    )
