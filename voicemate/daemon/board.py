"""What the daemon knows of itself from the events: the last word on everything that ``status`` shows."""

from collections import deque

from voicemate.control.status import HotkeyState, Problem, WorkAheadState
from voicemate.conversation.trace import TraceAssembler, TurnTrace, WorkAhead
from voicemate.events import (
    Event,
    Fault,
    FloorChanged,
    FloorState,
    HotkeyChanged,
    Recovered,
    ReplyEnded,
    TurnEnded,
    TurnTimed,
)

_LATEST = 20
"""Turns of which gaps and work are told."""

_OF_A_REPLY = ("reply", "greeting")
"""Faults that nobody recovers from by name: the next reply that is spoken shows that all is well."""


class Board:
    """A subscriber. ``state`` and ``reason`` are the floor's."""

    def __init__(self) -> None:
        self.state = FloorState.STARTING
        self.reason = ""
        self.gaps_ms: deque[float] = deque(maxlen=_LATEST)
        self.turns = 0
        self.hotkey = HotkeyState()
        self._problems: dict[str, Problem] = {}
        self._assembler = TraceAssembler()
        self._traces: deque[TurnTrace] = deque(maxlen=_LATEST)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong now."""
        return list(self._problems.values())

    @property
    def work_ahead(self) -> WorkAheadState:
        """What became of the work on the latest replies."""
        work = WorkAhead.of(self._traces)
        return WorkAheadState(
            turns=work.turns,
            ready=work.ready,
            awaited=work.awaited,
            thrown_away=work.thrown_away,
            wasted_ms=round(work.wasted_ms, 1),
        )

    def has_problem(self, where: str) -> bool:
        return where in self._problems

    def feed(self, event: Event) -> None:
        self._traces.extend(self._assembler.feed(event))
        match event:
            case FloorChanged():
                self.state, self.reason = event.state, event.reason
                if event.state is FloorState.STOPPED:  # the next conversation counts its turns anew
                    self._traces.extend(self._assembler.finish())
            case Fault():
                self._problems[event.where] = Problem(where=event.where, wrong=event.wrong, remedy=event.remedy)
            case Recovered():
                self._problems.pop(event.where, None)
            case HotkeyChanged():
                self.hotkey = HotkeyState(chord=event.chord, mode=event.mode, watched=event.watched, why=event.why)
            case TurnEnded():
                self.turns += 1
            case TurnTimed():
                self.gaps_ms.append(event.gap)
            case ReplyEnded():
                for where in _OF_A_REPLY:
                    self._problems.pop(where, None)
