"""Where the time went, turn by turn: numbers only, never a word.

Clock positions are 16 kHz samples since the conversation began, as in every event.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from voicemate.core.events import (
    Event,
    GenerationDiscarded,
    PhraseStarted,
    PipelineStage,
    ReplyEnded,
    SpeechRejected,
    StageTimed,
    TurnEnded,
    TurnTimed,
)
from voicemate.core.pcm import to_samples
from voicemate.metrics.timing import Timing

_MOST_STAGES = 60
"""Pieces of work kept for a turn; of a turn with more pauses than that, the latest."""


@dataclass(frozen=True, slots=True)
class StageTrace:
    """A piece of work: which stage, where on the clock it began, how long it took, and whether it was thrown away."""

    stage: PipelineStage
    began: int
    ms: float
    wasted: bool


@dataclass(frozen=True, slots=True)
class TurnTrace:
    """What happened in one turn.

    Attributes:
        turn: counts the person's turns from 1.
        began, ended: first and last sample of the person's speech.
        decided_at: where the turn was found to be over.
        stages: the work, in the order in which it was done.
        discarded: how many prepared replies were dropped before anyone heard them.
        silent_at: where the reply was over; None when there was none.
        phrases: how many phrases were begun aloud.
        interrupted: the person took the floor back.
        timing: the latency as it was measured; None when nothing was heard.
        due_at: where it would have been over if the reply had been ready; None when it was over there.
    """

    turn: int
    began: int
    ended: int
    decided_at: int
    stages: tuple[StageTrace, ...]
    discarded: int
    silent_at: int | None
    phrases: int
    interrupted: bool
    timing: Timing | None
    due_at: int | None = None

    @property
    def audible_at(self) -> int | None:
        """The first sample of the reply at the loudspeaker; None when nothing was heard."""
        return None if self.timing is None else self.ended + to_samples(self.timing.gap_ms)

    @property
    def wasted_ms(self) -> float:
        """Work that was completed and thrown away, in milliseconds."""
        return sum(stage.ms for stage in self.stages if stage.wasted)


@dataclass(frozen=True, slots=True)
class SpeculationSummary:
    """What became of the work that was done before turns were over.

    Attributes:
        turns: that were looked at; each used one prepared reply.
        ready: how many replies could be heard as soon as their turn ended.
        held_open: for how many of these it stayed open a moment longer.
        discarded: prepared replies that nobody heard.
        wasted_ms: the work that was completed for those.
    """

    turns: int
    ready: int
    held_open: int
    discarded: int
    wasted_ms: float

    @classmethod
    def from_traces(cls, traces: Iterable[TurnTrace]) -> "SpeculationSummary":
        """Of the turns that were answered aloud."""
        answered = [trace for trace in traces if trace.timing is not None]
        return cls(
            turns=len(answered),
            ready=sum(trace.timing.ready for trace in answered if trace.timing),
            held_open=sum(trace.timing.ready and trace.due_at is not None for trace in answered if trace.timing),
            discarded=sum(trace.discarded for trace in answered),
            wasted_ms=sum(trace.wasted_ms for trace in answered),
        )

    def __str__(self) -> str:
        seconds = round(self.wasted_ms / 1000, 1)
        work = f" ({seconds} s of work)" if seconds else ""
        awaited = f" (for {self.held_open} of them it stayed open a moment longer)" if self.held_open else ""
        return (
            f"{self.ready} of {self.turns} replies were ready when the turn ended{awaited}; {self.discarded} more "
            f"were prepared in vain{work}"
        )


@dataclass(slots=True)
class _Open:
    """A turn that is under way, or may become one."""

    end: TurnEnded | None = None
    stages: deque[StageTrace] = field(default_factory=lambda: deque(maxlen=_MOST_STAGES))
    rolled_back: int = 0
    phrases: int = 0
    reply: ReplyEnded | None = None
    timing: Timing | None = None

    @property
    def complete(self) -> bool:
        return self.end is not None and self.reply is not None and self.timing is not None

    def waste(self) -> None:
        """All work so far was for nothing."""
        self.stages = deque((replace(stage, wasted=True) for stage in self.stages), maxlen=_MOST_STAGES)


class TraceAssembler:
    """Puts a turn's events together; pure.

    Work may be thrown away after it was reported, so what a roll-back or a dismissal comes after counts as wasted.
    """

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}

    def add(self, event: Event) -> list[TurnTrace]:
        """Take one event; returns the turns that it completes."""
        match event:
            case StageTimed():
                self._turn(event.turn).stages.append(StageTrace(event.stage, event.began, event.ms, event.wasted))
            case GenerationDiscarded():
                turn = self._turn(event.turn)
                turn.rolled_back += 1
                turn.waste()
            case SpeechRejected():
                for turn in self._open.values():
                    if turn.end is None:
                        turn.waste()
            case TurnEnded():
                turn = self._turn(event.turn)
                turn.end, turn.phrases = event, 0
                return self._close(lambda number, _: number < event.turn)
            case PhraseStarted():
                self._turn(event.turn).phrases += 1
            case TurnTimed():
                self._turn(event.turn).timing = Timing.from_event(event)
            case ReplyEnded():
                self._turn(event.turn).reply = event
        return self._close(lambda _, turn: turn.complete)

    def finish(self) -> list[TurnTrace]:
        """The conversation is over: the turns that were still under way."""
        return self._close(lambda number, turn: True)

    def _turn(self, number: int) -> _Open:
        return self._open.setdefault(number, _Open())

    def _close(self, done: Callable[[int, _Open], bool]) -> list[TurnTrace]:
        closed = {number: turn for number, turn in sorted(self._open.items()) if done(number, turn)}
        for number in closed:
            del self._open[number]
        return [_trace(number, turn, turn.end) for number, turn in closed.items() if turn.end]


def _trace(number: int, turn: _Open, end: TurnEnded) -> TurnTrace:
    return TurnTrace(
        turn=number,
        began=end.began,
        ended=end.ended,
        decided_at=end.at,
        stages=tuple(turn.stages),
        discarded=turn.rolled_back,
        silent_at=turn.reply.at if turn.reply else None,
        phrases=turn.phrases,
        interrupted=turn.reply is not None and turn.reply.interrupted,
        timing=turn.timing,
        due_at=end.due_at,
    )
