"""Reads from a recording how the person, the engines and the playback behaved.

``counterfactual`` simulates them again around a floor with other settings.
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
    FloorAction,
    FloorInput,
    GenerationFailed,
    PausePlayback,
    ReplyAudible,
    ReplyReady,
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
"""Pauses that begin no further apart (samples) are the same pause, found with other settings."""

_JUDGED, _READY, _LAG, _REPLY = to_samples(600), to_samples(250), to_samples(30), to_samples(4_000)
"""Samples to assume without any example: pause to words, words to first audio, decision to playback, reply."""


@dataclass(frozen=True, slots=True)
class ExternalInput:
    """An input of the floor between two ticks.

    Attributes:
        message: the input.
        lateness: samples by which its position is ahead of the previous tick: on a busy machine blocks are processed
            late, and messages of the engines and of the playback overtake them.
    """

    message: FloorInput
    lateness: int


@dataclass(slots=True)
class RecordedGeneration:
    """One generation, started at a pause. All durations are in samples.

    Attributes:
        at: clock position of the floor's ``StartGeneration``.
        began, ended: of the speech, as in ``StartGeneration``.
        answers: messages of the engines.
        ready: from ``at`` to the first audio of the reply; None if there was none.
        discarded: from ``at`` until it was discarded; None if it was not.
        lag: from the decision, or from ``ready`` if that was later, to the first audible sample.
        length: of the reply; None if it was not audible, or not to its end.
        audible_lateness, silent_lateness: as in ``ExternalInput``, of the reply's begin and end.
    """

    at: int
    began: int
    ended: int
    answers: list[ExternalInput] = field(default_factory=list[ExternalInput])
    ready: int | None = None
    discarded: int | None = None
    lag: int | None = None
    length: int | None = None
    audible_lateness: int = 0
    silent_lateness: int = 0

    @property
    def judged(self) -> int | None:
        """Samples from ``at`` until the words were known."""
        return next((one.message.at - self.at for one in self.answers if isinstance(one.message, WordsJudged)), None)


@dataclass(frozen=True, slots=True)
class ProcessedBlock:
    """A block and what the segmenter found in it.

    Attributes:
        at: clock position of its first sample.
        voice: probability of a voice, 0 to 1.
        fallen_db: how much quieter than the voice its end is.
    """

    at: int
    voice: float
    fallen_db: float

    @property
    def end(self) -> int:
        """Clock position after its last sample."""
        return self.at + BLOCK_SAMPLES


class RecordedSession:
    """How a recorded conversation went.

    Args:
        recording: the recording.
        decisions: makes the segmenter that processes the audio again, which is the only slow part.

    Attributes:
        settings: the recording's.
        turns: as they were taken.
        generations: in order.
        ticks: the floor's, by position.
        external_inputs: inputs that neither the segmenter nor an engine nor the reply to a turn caused: keys, typed
            turns, and what the character said without a turn.
    """

    def __init__(self, recording: Recording, decisions: DecisionFactory) -> None:
        self.settings = recording.header.with_settings()
        self.generations: list[RecordedGeneration] = []
        self.ticks: dict[int, Tick] = {}
        self.external_inputs: list[ExternalInput] = []
        self._recording = recording
        self._tick = 0  # clock position of the latest
        self._decisions = decisions
        self._by_id: dict[int, RecordedGeneration] = {}
        self._committed: tuple[RecordedGeneration, int] | None = None  # and when it was committed
        self._speaking: tuple[RecordedGeneration, int] | None = None  # and when it began, moved on by pauses
        self._paused_at: int | None = None
        log = TurnLog()
        for entry in recording.journal:
            if isinstance(entry, FloorStepped):
                log.on_step(entry.message, entry.actions)
                self._read_input(entry.message)
                for action in entry.actions:
                    self._read_action(entry.message.at, action)
            elif isinstance(entry, EventPublished):
                self._read_event(entry.event)
        self.turns: list[LoggedTurn] = log.turns

    def process_blocks(self, vad: VadSettings) -> list[ProcessedBlock]:
        """Process the recorded audio with these settings."""
        settings: Settings = self.settings.model_copy(update={"vad": vad})
        segmenter = self._decisions.make_segmenter(settings)
        blocks: list[ProcessedBlock] = []
        for entry in self._recording.journal:
            if isinstance(entry, BlockProcessed) and entry.at + BLOCK_SAMPLES <= self._recording.segmenter_input.end:
                segmenter.push(block_at(self._recording, entry.at))
                blocks.append(ProcessedBlock(entry.at, segmenter.voice, segmenter.fallen_db))
            elif isinstance(entry, SegmenterCommanded):
                apply_command(entry.command, segmenter)
        return blocks

    @cached_property
    def processed_blocks(self) -> list[ProcessedBlock]:
        """The audio processed with the recording's own settings."""
        return self.process_blocks(self.settings.vad)

    @cached_property
    def onsets(self) -> list[int]:
        """Clock positions at which the person's voice began or resumed, whatever the floor decided."""
        vad = VadStateMachine(self.settings.vad)
        events = (vad.push(one.at, one.end, one.voice, one.fallen_db) for one in self.processed_blocks)
        return [event.began for event in events if isinstance(event, VoiceStarted | VoiceResumed)]

    def generation_at(self, ended: int) -> RecordedGeneration | None:
        """Return the generation at the pause that began at ``ended``."""
        nearest = min(self.generations, key=lambda one: abs(one.ended - ended), default=None)
        return nearest if nearest and abs(nearest.ended - ended) <= SAME_PAUSE else None

    # ------------------------------------------------------------ medians

    @cached_property
    def median_judged(self) -> int:
        """Samples from the pause to its words."""
        return _median((one.judged for one in self.generations), _JUDGED)

    @cached_property
    def median_ready(self) -> int:
        """Samples from the words to the first audio of the reply."""
        both = ((one.ready, one.judged) for one in self.generations)
        return _median((ready - judged for ready, judged in both if ready is not None and judged is not None), _READY)

    @cached_property
    def median_lag(self) -> int:
        """Samples from the decision to the first audible sample."""
        return _median((one.lag for one in self.generations), _LAG)

    @cached_property
    def median_length(self) -> int:
        """Samples of a reply."""
        return _median((one.length for one in self.generations), _REPLY)

    # ------------------------------------------------------------ reading

    def _read_input(self, message: FloorInput) -> None:
        lateness = max(0, message.at - self._tick)
        match message:
            case Tick():
                self.ticks[message.at], self._tick = message, message.at
            case VoiceOn() | VoiceOff():
                pass
            case ReplyAudible() if self._committed:
                generation, committed = self._committed
                earliest = max(committed, generation.at + (generation.ready or 0))
                generation.lag, generation.audible_lateness = max(0, message.at - earliest), lateness
                self._committed, self._speaking = None, (generation, message.at)
            case ReplySilent() if self._speaking:
                generation, began = self._speaking
                generation.length, generation.silent_lateness = message.at - began, lateness
                self._speaking = None
            case WordsJudged(_, generation_id) | ReplyReady(_, generation_id) | GenerationFailed(_, generation_id):
                if generation_id in self._by_id:
                    self._by_id[generation_id].answers.append(ExternalInput(message, lateness))
            case _:
                self.external_inputs.append(ExternalInput(message, lateness))

    def _read_action(self, at: int, action: FloorAction) -> None:
        match action:
            case StartGeneration():
                generation = RecordedGeneration(at, action.began, action.ended)
                self.generations.append(generation)
                self._by_id[action.generation_id] = generation
            case CommitTurn():
                self._committed = self._by_id[action.generation_id], at
            case DiscardGeneration(generation_id) if generation_id in self._by_id:
                generation = self._by_id[generation_id]
                generation.discarded = at - generation.at
                self._committed = None
            case StopPlayback() | RetractReply():
                self._speaking = self._paused_at = None
            case PausePlayback():
                self._paused_at = at
            case ResumePlayback() if self._paused_at is not None and self._speaking:
                generation, began = self._speaking
                self._speaking, self._paused_at = (generation, began + at - self._paused_at), None
            case _:
                pass

    def _read_event(self, event: Event) -> None:
        if isinstance(event, StageTimed) and event.stage is PipelineStage.TTS and event.turn and self.generations:
            latest = self.generations[-1]
            if latest.ready is None:
                latest.ready = event.at - latest.at


def _median(values: Iterable[int | None], otherwise: int) -> int:
    known = [value for value in values if value is not None]
    return round(median(known)) if known else otherwise
