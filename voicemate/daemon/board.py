"""What the daemon knows of itself from the events: the last word on everything that ``status`` shows."""

from collections import deque

from voicemate.control.status import HotkeyState, Problem
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

_GAPS = 20

_OF_A_REPLY = ("reply", "greeting")
"""Faults that nobody recovers from by name: the next reply that is spoken shows that all is well."""


class Board:
    """A subscriber. ``state`` and ``reason`` are the floor's."""

    def __init__(self) -> None:
        self.state = FloorState.STARTING
        self.reason = ""
        self.gaps_ms: deque[float] = deque(maxlen=_GAPS)
        self.turns = 0
        self.hotkey = HotkeyState()
        self._problems: dict[str, Problem] = {}

    @property
    def problems(self) -> list[Problem]:
        """What is wrong now."""
        return list(self._problems.values())

    def has_problem(self, where: str) -> bool:
        return where in self._problems

    def feed(self, event: Event) -> None:
        match event:
            case FloorChanged():
                self.state, self.reason = event.state, event.reason
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
