"""Replays a recording: the segmenter and the floor decide again, from the audio and the inputs of then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, assert_never

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import Settings
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import SILERO, resolve
from voicemate.models.storage import sha256
from voicemate.recording.audio_chunks import to_pcm
from voicemate.recording.codec import DecodeError
from voicemate.recording.header import VAD_ROLE, RecordingHeader
from voicemate.recording.journal import (
    BlockProcessed,
    CloseUtterance,
    EventPublished,
    FloorStepped,
    PauseVoice,
    SegmenterCommand,
    SegmenterCommanded,
)
from voicemate.recording.recording import Recording, incompatible
from voicemate.turns.floor import Floor, FloorPolicy
from voicemate.vad.segmenter import ChunkEnded, SpeechSegmenter
from voicemate.vad.silero import SileroDetector
from voicemate.vad.state_machine import VoiceEvent


@dataclass(frozen=True, slots=True)
class DecisionFactory:
    """Makes a fresh segmenter and floor for each replay.

    Attributes:
        make_segmenter: makes what finds speech in the audio.
        make_floor: makes what decides whose turn it is.
    """

    make_segmenter: Callable[[Settings], SpeechSegmenter]
    make_floor: Callable[[Settings], FloorPolicy]


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """The first decision that differs.

    Attributes:
        at: clock position.
        component: ``segmenter`` or ``floor``.
        input: what it was given.
        recorded, replayed: what it decided when it was recorded, and in the replay.
    """

    at: int
    component: str
    input: str
    recorded: tuple[Any, ...]
    replayed: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The result of a replay.

    Attributes:
        blocks, steps: how many blocks of audio and inputs of the floor were replayed.
        actions: how many actions the floor returned.
        difference: None when every decision was the same.
    """

    blocks: int
    steps: int
    actions: int
    difference: ReplayDifference | None


def current_decisions() -> DecisionFactory:
    """Return the segmenter and the floor of this version, as in a live conversation.

    Raises:
        ModelError: Silero's file is missing; ``make_segmenter`` raises it when the file is not Silero.
    """
    silero = resolve(SILERO, ModelRole.VAD)

    def make_segmenter(settings: Settings) -> SpeechSegmenter:
        return SpeechSegmenter(SileroDetector(silero, settings.vad.gate), settings.vad, settings.stt.max_chunk_s)

    return DecisionFactory(make_segmenter, Floor.from_settings)


def silero_differs(header: RecordingHeader) -> bool:
    """Return whether the recording was made with another file of Silero than the installed one.

    Raises:
        ModelError: Silero's file is missing.
    """
    recorded = header.model_files.get(VAD_ROLE)
    return recorded is not None and recorded.sha256 not in ("", sha256(resolve(SILERO, ModelRole.VAD)))


def replay(recording: Recording, decisions: DecisionFactory) -> ReplayResult:
    """Give the segmenter the recorded audio and the floor its recorded inputs, and compare what they return.

    Stops at the first difference.

    Raises:
        RecordingError: this version does not understand the recording's settings or audio.
    """
    settings = recording.header.with_settings()
    segmenter, floor = decisions.make_segmenter(settings), decisions.make_floor(settings)
    blocks = steps = actions = 0
    difference: ReplayDifference | None = None
    for entry in recording.journal:
        match entry:
            case BlockProcessed(at, recorded):
                if at + BLOCK_SAMPLES > recording.segmenter_input.end:
                    continue
                events = segmenter.push(block_at(recording, at))
                replayed = tuple(event for event in events if not isinstance(event, ChunkEnded))
                blocks += 1
                if replayed != recorded:
                    difference = ReplayDifference(at, "segmenter", "a block of audio", recorded, replayed)
            case SegmenterCommanded(command, recorded):
                replayed = apply_command(command, segmenter)
                if replayed != recorded:
                    difference = ReplayDifference(segmenter.position, "segmenter", repr(command), recorded, replayed)
            case FloorStepped(message, recorded):
                replayed = tuple(floor.step(message))
                steps, actions = steps + 1, actions + len(replayed)
                if replayed != recorded:
                    difference = ReplayDifference(message.at, "floor", repr(message), recorded, replayed)
            case EventPublished():
                pass
            case _:
                assert_never(entry)
        if difference:
            break
    return ReplayResult(blocks, steps, actions, difference)


def apply_command(command: SegmenterCommand, segmenter: SpeechSegmenter) -> tuple[VoiceEvent, ...]:
    """Give ``segmenter`` a recorded command; return the voice events that follow."""
    match command:
        case CloseUtterance():
            segmenter.close()
            return ()
        case PauseVoice():
            paused = segmenter.end_speech()
            return () if paused is None else (paused,)
        case _:
            assert_never(command)


def block_at(recording: Recording, at: int) -> Block:
    """Return the block that the segmenter processed at clock position ``at``."""
    try:
        return Block(at, to_pcm(recording.segmenter_input.between(at, at + BLOCK_SAMPLES)))
    except DecodeError as error:
        raise incompatible(recording.path, recording.header, error) from None
