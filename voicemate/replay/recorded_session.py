"""What a recording tells about the world around the floor: the person, the engines, the replies.

From it ``whatif.World`` builds the same conversation again around a floor with other settings.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.config.schema import Settings, VadSettings
from voicemate.core.events import Event, PipelineStage, StageTimed
from voicemate.core.pcm import to_samples
from voicemate.recording.journal import BlockProcessed, EventPublished, FloorStepped, SegmenterCommanded
from voicemate.recording.recording import Recording
from voicemate.replay.replayer import DecisionFactory, apply_command, block_at
from voicemate.replay.turn_log import LoggedTurn, TurnLog
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    FloorInput,
    PausePlayback,
    ReplyAudible,
    ReplySilent,
    ResumePlayback,
    RetractReply,
    StartGeneration,
    StopPlayback,
    Tick,
    VoiceOff,
    VoiceOn,
    WordsJudged,
)
from voicemate.vad.state_machine import VadStateMachine, VoiceResumed, VoiceStarted

SAME_PAUSE = to_samples(100)
"""Pauses whose beginnings are no further apart are the same pause, found with other settings."""

_JUDGED, _READY, _LAG, _REPLY = to_samples(600), to_samples(250), to_samples(30), to_samples(4_000)
"""What is assumed where a recording has no example: words after 600 ms, sound 250 ms later, and so on."""


@dataclass(frozen=True, slots=True)
class ExternalInput:
    """An input that came between two ticks.

    Attributes:
        late: how far its position was ahead of the tick before it: on a busy machine sound is heard late, and what
            the engines and the loudspeaker tell overtakes it.
    """

    message: FloorInput
    lateness: int


@dataclass(slots=True)
class RecordedGeneration:
    """What came of one pause. All times are samples after the one before.

    Attributes:
        at, began, ended: of the floor's ``Prepare``.
        answers: what the engines answered.
        ready: from ``at`` to the first sound of the reply; None when it did not come so far.
        dropped: from ``at`` until it was rolled back.
        lag: from the decision, or from ``ready`` when that was later, to the first sample in the air.
        length: of the reply; None when none was heard, or not to its end.
        audible_late, silent_late: as in ``Given``, for the reply's beginning and end.
    """

    at: int
    began: int
    ended: int
    answers: list[ExternalInput] = field(default_factory=list)
    ready: int | None = None
    discarded: int | None = None
    lag: int | None = None
    length: int | None = None
    audible_lateness: int = 0
    silent_lateness: int = 0

    @property
    def judged(self) -> int | None:
        """From ``at`` until the words were known."""
        return next((one.message.at - self.at for one in self.answers if isinstance(one.message, WordsJudged)), None)


@dataclass(frozen=True, slots=True)
class ProcessedBlock:
    """A block as the ears heard it.

    Attributes:
        at: its first sample's position.
        voice: probability of one.
        fallen_db: how much quieter than the voice it ended.
    """

    at: int
    voice: float
    fallen_db: float

    @property
    def end(self) -> int:
        return self.at + BLOCK_SAMPLES


class RecordedSession:
    """One recording, read for what it tells.

    Args:
        house: its ears hear the recording again, which is the only slow part.

    Attributes:
        settings: the recording's.
        turns: as they were taken then.
        preparations: in order.
        ticks: the floor's, by position.
        given: inputs that came from neither the ears nor an engine nor the answer to a turn: keys, typed turns, and
            what the character said of its own accord.
    """

    def __init__(self, recording: Recording, decisions: DecisionFactory):
        self.settings = recording.header.with_settings()
        self.generations: list[RecordedGeneration] = []
        self.ticks: dict[int, Tick] = {}
        self.external_inputs: list[ExternalInput] = []
        self._recording = recording
        self._tick = 0  # the latest
        self._decisions = decisions
        self._numbered: dict[int, RecordedGeneration] = {}
        self._answering: tuple[RecordedGeneration, int] | None = None  # what was committed, and when
        self._speaking: tuple[RecordedGeneration, int] | None = (
            None  # whose reply is in the air, and since when (without holds)
        )
        self._held: int | None = None  # since when it is held back
        self._log = TurnLog()
        for entry in recording.journal:
            match entry:
                case FloorStepped(got, acts):
                    self._log.on_step(got, acts)
                    self._sort(got)
                    for act in acts:
                        self._follow(got.at, act)
                case EventPublished(event):
                    self._time(event)
        self.turns: list[LoggedTurn] = self._log.turns

    def process_blocks(self, vad: VadSettings) -> list[ProcessedBlock]:
        """What the ears make of the recorded sound with these settings."""
        settings: Settings = self.settings.model_copy(update={"vad": vad})
        ears = self._decisions.make_segmenter(settings)
        found: list[ProcessedBlock] = []
        for entry in self._recording.journal:
            match entry:
                case BlockProcessed(at) if at + BLOCK_SAMPLES <= self._recording.segmenter_input.end:
                    ears.push(block_at(self._recording, at))
                    found.append(ProcessedBlock(at, ears.voice, ears.fallen_db))
                case SegmenterCommanded(command):
                    apply_command(command, ears)
        return found

    @cached_property
    def processed_blocks(self) -> list[ProcessedBlock]:
        """With the recording's own settings."""
        return self.process_blocks(self.settings.vad)

    @cached_property
    def onsets(self) -> list[int]:
        """Where the person's voice began or went on, whatever the floor made of it."""
        tracker = VadStateMachine(self.settings.vad)
        told = (tracker.push(one.at, one.end, one.voice, one.fallen_db) for one in self.processed_blocks)
        return [one.began for one in told if isinstance(one, VoiceStarted | VoiceResumed)]

    def generation_at(self, ended: int) -> RecordedGeneration | None:
        """The one at the pause that began at ``ended``."""
        nearest = min(self.generations, key=lambda one: abs(one.ended - ended), default=None)
        return nearest if nearest and abs(nearest.ended - ended) <= SAME_PAUSE else None

    # ------------------------------------------------------------ what is usual in this conversation

    @cached_property
    def usual_judged(self) -> int:
        return _median((one.judged for one in self.generations), _JUDGED)

    @cached_property
    def usual_ready(self) -> int:
        """From the words to the first sound of the reply."""
        after = (
            one.ready - one.judged for one in self.generations if one.ready is not None and one.judged is not None
        )
        return _median(after, _READY)

    @cached_property
    def usual_lag(self) -> int:
        return _median((one.lag for one in self.generations), _LAG)

    @cached_property
    def usual_length(self) -> int:
        return _median((one.length for one in self.generations), _REPLY)

    # ------------------------------------------------------------ reading

    def _sort(self, got: FloorInput) -> None:
        late = max(0, got.at - self._tick)
        match got:
            case Tick():
                self.ticks[got.at], self._tick = got, got.at
            case VoiceOn() | VoiceOff():
                pass
            case ReplyAudible() if self._answering:
                preparation, committed = self._answering
                earliest = max(committed, preparation.at + (preparation.ready or 0))
                preparation.lag, preparation.audible_lateness = max(0, got.at - earliest), late
                self._answering, self._speaking = None, (preparation, got.at)
            case ReplySilent() if self._speaking:
                preparation, began = self._speaking
                preparation.length, preparation.silent_lateness = got.at - began, late
                self._speaking = None
            case _ if (number := getattr(got, "generation_id", None)) is not None:
                if number in self._numbered:
                    self._numbered[number].answers.append(ExternalInput(got, late))
            case _:
                self.external_inputs.append(ExternalInput(got, late))

    def _follow(self, at: int, act: object) -> None:
        match act:
            case StartGeneration():
                preparation = RecordedGeneration(at, act.began, act.ended)
                self.generations.append(preparation)
                self._numbered[act.generation_id] = preparation
            case CommitTurn():
                self._answering = self._numbered[act.generation_id], at
            case DiscardGeneration(number) if number in self._numbered:
                preparation = self._numbered[number]
                preparation.discarded = at - preparation.at
                self._answering = None
            case StopPlayback() | RetractReply():
                self._speaking = self._held = None
            case PausePlayback():
                self._held = at
            case ResumePlayback() if self._held is not None and self._speaking:
                preparation, began = self._speaking
                self._speaking, self._held = (preparation, began + at - self._held), None

    def _time(self, event: Event) -> None:
        if isinstance(event, StageTimed) and event.stage is PipelineStage.TTS and event.turn and self.generations:
            latest = self.generations[-1]
            if latest.ready is None:
                latest.ready = event.at - latest.at


def _median(values: Iterable[int | None], otherwise: int) -> int:
    known = [value for value in values if value is not None]
    return round(median(known)) if known else otherwise
