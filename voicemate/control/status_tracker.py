"""What the daemon knows of itself from the events: the last word on everything that ``status`` shows."""

from collections import deque

from voicemate.control.status import Problem, PushToTalkStatus, SpeculationStatus
from voicemate.core.events import (
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
from voicemate.metrics.turn_trace import SpeculationSummary, TraceAssembler, TurnTrace

_RECENT_TURNS = 20
"""Turns of which gaps and work are told."""

_REPLY_COMPONENTS = ("reply", "greeting")
"""Faults that nobody recovers from by name: the next reply that is spoken shows that all is well."""


class StatusTracker:
    """A subscriber. ``state`` and ``reason`` are the floor's."""

    def __init__(self) -> None:
        self.state = FloorState.STARTING
        self.reason = ""
        self.gaps_ms: deque[float] = deque(maxlen=_RECENT_TURNS)
        self.turns = 0
        self.push_to_talk = PushToTalkStatus()
        self._problem_by_component: dict[str, Problem] = {}
        self._assembler = TraceAssembler()
        self._traces: deque[TurnTrace] = deque(maxlen=_RECENT_TURNS)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong now."""
        return list(self._problem_by_component.values())

    @property
    def speculation(self) -> SpeculationStatus:
        """What became of the work on the latest replies."""
        work = SpeculationSummary.from_traces(self._traces)
        return SpeculationStatus(
            turns=work.turns,
            ready=work.ready,
            held_open=work.held_open,
            discarded=work.discarded,
            wasted_ms=round(work.wasted_ms, 1),
        )

    def has_problem(self, where: str) -> bool:
        return where in self._problem_by_component

    def on_event(self, event: Event) -> None:
        self._traces.extend(self._assembler.add(event))
        match event:
            case FloorChanged():
                self.state, self.reason = event.state, event.reason
                if event.state is FloorState.STOPPED:  # the next conversation counts its turns anew
                    self._traces.extend(self._assembler.finish())
            case Fault():
                self._problem_by_component[event.component] = Problem(
                    component=event.component, message=event.message, hint=event.hint
                )
            case Recovered():
                self._problem_by_component.pop(event.component, None)
            case HotkeyChanged():
                self.push_to_talk = PushToTalkStatus(
                    chord=event.chord, mode=event.mode, active=event.active, reason=event.reason
                )
            case TurnEnded():
                self.turns += 1
            case TurnTimed():
                self.gaps_ms.append(event.gap)
            case ReplyEnded():
                for where in _REPLY_COMPONENTS:
                    self._problem_by_component.pop(where, None)
