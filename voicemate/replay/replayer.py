"""The same conversation decided again: by the real ears and the real floor, from what they were given then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.config.schema import Settings
from voicemate.recording.audio_chunks import to_pcm
from voicemate.recording.codec import DecodeError
from voicemate.recording.journal import BlockProcessed, FloorStepped, SegmenterCommanded
from voicemate.recording.recording import Recording, incompatible
from voicemate.turns.floor import FloorPolicy
from voicemate.vad.segmenter import ChunkEnded, SpeechSegmenter


@dataclass(frozen=True, slots=True)
class DecisionFactory:
    """Makes what decides, anew for each replay.

    Attributes:
        ears: voice activity and the speech tracker.
        floor: whose turn it is.
    """

    make_segmenter: Callable[[Settings], SpeechSegmenter]
    make_floor: Callable[[Settings], FloorPolicy]


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """The first decision that is not the same.

    Attributes:
        at: clock position.
        who: ``ears`` or ``floor``.
        given: what they were given.
        then, now: what they decided when it was recorded, and in the replay.
    """

    at: int
    component: str
    input: str
    recorded: tuple[Any, ...]
    replayed: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay found.

    Attributes:
        blocks, steps: blocks of sound heard again, and inputs of the floor decided again.
        acts: acts that the floor answered with.
        difference: None when every decision was the same.
    """

    blocks: int
    steps: int
    actions: int
    difference: ReplayDifference | None


def replay(recording: Recording, decisions: DecisionFactory) -> ReplayResult:
    """Give the ears the recorded sound and the floor its recorded inputs, and compare what they say.

    Stops at the first difference.

    Raises:
        TapeError: the recording's settings or sound are not understood by this version.
    """
    settings = recording.header.with_settings()
    ears, floor = decisions.make_segmenter(settings), decisions.make_floor(settings)
    blocks = steps = acts = 0
    for entry in recording.journal:
        match entry:
            case BlockProcessed(at, told) if at + BLOCK_SAMPLES <= recording.segmenter_input.end:
                now = tuple(one for one in ears.push(block_at(recording, at)) if not isinstance(one, ChunkEnded))
                blocks += 1
                if now != told:
                    return ReplayResult(
                        blocks, steps, acts, ReplayDifference(at, "ears", "a block of sound", told, now)
                    )
            case SegmenterCommanded(command, told):
                answer = getattr(ears, command)()
                now = () if answer is None else (answer,)
                if now != told:
                    return ReplayResult(
                        blocks, steps, acts, ReplayDifference(ears.position, "ears", command, told, now)
                    )
            case FloorStepped(got, then):
                answered = tuple(floor.step(got))
                steps, acts = steps + 1, acts + len(answered)
                if answered != then:
                    return ReplayResult(
                        blocks, steps, acts, ReplayDifference(got.at, "floor", repr(got), then, answered)
                    )
    return ReplayResult(blocks, steps, acts, None)


def block_at(recording: Recording, at: int) -> Block:
    """What the ears heard from clock position ``at`` on."""
    try:
        return Block(at, to_pcm(recording.segmenter_input.between(at, at + BLOCK_SAMPLES)))
    except DecodeError as error:
        raise incompatible(recording.path, recording.header, error) from None
