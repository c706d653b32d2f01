"""Reduces events to the state of a conversation; the only place that does.

The daemon's status, the menu and the live view all read a ``StatusTracker``.
"""

from collections import deque
from typing import Any

from voicemate.control.event_messages import parse_event
from voicemate.control.status import DaemonStatus, Problem, PushToTalkStatus, SpeculationStatus
from voicemate.core.events import (
    Event,
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    HotkeyChanged,
    MicrophoneLevel,
    PhraseQueued,
    PhraseStarted,
    Recovered,
    ReplyEnded,
    SpeechRejected,
    StatusChanged,
    Transcribed,
    TurnEnded,
    TurnTimed,
)
from voicemate.metrics.turn_trace import SpeculationSummary, TraceAssembler, TurnTrace

_RECENT_TURNS = 20
"""Turns whose gaps and speculation are kept."""

_REPLY_COMPONENTS = ("reply", "greeting")
"""No ``Recovered`` ends a fault of these: the next reply that is spoken does."""

_BEFORE_START = (FloorState.STARTING, FloorState.UNAVAILABLE, FloorState.STOPPED)


class StatusTracker:
    """A subscriber that keeps the state of the conversation.

    Args:
        status: of a daemon whose events follow; None if all events follow.

    Attributes:
        state, reason: of the floor.
        turns: that the person has taken.
        gaps_ms: of the latest turns, oldest first.
        push_to_talk: the key of the desktop.
        level_dbfs: of the microphone.
        interim: words of the person that may still change.
        reply_spoken: the part of the current reply that has left the speaker.
        reply_queued: the phrases of it that have not.
        timing: of the latest turn.
        ended_trace: of the turn that the latest event completed, if it did.
        is_stale: only the daemon knows the rest of its status.
    """

    def __init__(self, status: DaemonStatus | None = None) -> None:
        self.state = FloorState.STARTING
        self.reason = ""
        self.turns = 0
        self.gaps_ms: deque[float] = deque(maxlen=_RECENT_TURNS)
        self.push_to_talk = PushToTalkStatus()
        self.level_dbfs = float("-inf")
        self.interim = ""
        self.reply_spoken = ""
        self.reply_queued: list[str] = []
        self.timing: TurnTimed | None = None
        self.ended_trace: TurnTrace | None = None
        self.is_stale = False
        self._reply_turn = 0  # that the current reply answers
        self._problems: dict[str, Problem] = {}  # by component, the latest last
        self._assembler = TraceAssembler()
        self._traces: deque[TurnTrace] = deque(maxlen=_RECENT_TURNS)
        if status:
            self.state = FloorState(status.state) if status.state in set(FloorState) else FloorState.STOPPED
            self.reason, self.push_to_talk = status.reason, status.push_to_talk
            self._problems = {problem.component: problem for problem in status.problems}

    @property
    def problems(self) -> list[Problem]:
        """The problems that persist, the latest last."""
        return list(self._problems.values())

    @property
    def speculation(self) -> SpeculationStatus:
        """How the work ahead on the latest replies turned out."""
        summary = SpeculationSummary.from_traces(self._traces)
        return SpeculationStatus(
            turns=summary.turns,
            ready=summary.ready,
            held_open=summary.held_open,
            discarded=summary.discarded,
            wasted_ms=round(summary.wasted_ms, 1),
        )

    def has_problem(self, component: str) -> bool:
        """Whether a fault of ``component`` persists."""
        return component in self._problems

    def update(self, status: DaemonStatus) -> DaemonStatus:
        """The daemon's ``status``, brought up to date by the events since.

        After ``STOPPED`` only the daemon knows its state: it may be asleep, starting or about to end.
        """
        changes: dict[str, Any] = {"problems": self.problems, "push_to_talk": self.push_to_talk}
        if self.state is not FloorState.STOPPED:
            changes |= {"state": self.state.value, "reason": self.reason}
        return status.model_copy(update=changes)

    def on_message(self, name: str, data: dict[str, Any]) -> None:
        """An event as the control socket sends it. One that this version does not know changes nothing."""
        try:
            event = parse_event(name, data)
        except ValueError:
            self.is_stale = True
        else:
            if event:
                self.on_event(event)

    def on_event(self, event: Event) -> None:
        """Bring the state up to date."""
        ended = self._assembler.add(event)
        self.ended_trace = ended[-1] if ended else None
        self._traces.extend(ended)
        match event:
            case FloorChanged():
                self._on_floor(event)
            case Fault():
                self._problems.pop(event.component, None)
                problem = Problem(component=event.component, message=event.message, hint=event.hint)
                self._problems[event.component] = problem
            case Recovered():
                self._problems.pop(event.component, None)
                self.is_stale = True  # perhaps with another device
            case HotkeyChanged():
                self.push_to_talk = PushToTalkStatus(
                    chord=event.chord, mode=event.mode, active=event.active, reason=event.reason
                )
            case StatusChanged():
                self.is_stale = True
            case MicrophoneLevel():
                self.level_dbfs = event.dbfs
            case _:
                self._on_turn(event)

    def _on_floor(self, event: FloorChanged) -> None:
        if event.state is FloorState.STOPPED:
            self.is_stale = True
            self._traces.extend(self._assembler.finish())  # the next conversation counts its turns anew
        elif self.state in _BEFORE_START and event.state is not self.state:
            self.is_stale = True  # perhaps with another character
        self.state, self.reason = event.state, event.reason

    def _on_turn(self, event: Event) -> None:
        match event:
            case Transcribed():
                self.interim = "" if event.final else event.text
            case SpeechRejected():
                self.interim = ""
            case GenerationDiscarded():
                self.interim = ""
                if event.turn == self._reply_turn:  # the reply was retracted in its first words
                    self._clear_reply()
            case TurnEnded():
                self.turns += 1
            case PhraseQueued():
                self.reply_queued.append(event.text)
                self._reply_turn = event.turn
            case PhraseStarted():
                self.reply_queued = self.reply_queued[1:]
                self.reply_spoken += event.text
            case TurnTimed():
                self.timing = event
                self.gaps_ms.append(event.gap)
            case ReplyEnded():
                self._clear_reply()
                for component in _REPLY_COMPONENTS:
                    self._problems.pop(component, None)
            case _:
                pass

    def _clear_reply(self) -> None:
        self.reply_spoken, self.reply_queued = "", []
