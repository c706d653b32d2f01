"""Events keep the daemon's status up to date; it is requested only where they cannot."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.menu.menu_states import LOST, status, statuses
from voicemate.control.client import EventMessage
from voicemate.control.event_messages import event_data
from voicemate.control.status import DaemonStatus, PushToTalkStatus
from voicemate.control.status_tracker import StatusTracker
from voicemate.core.events import (
    Event,
    Fault,
    FloorChanged,
    FloorState,
    HotkeyChanged,
    Recovered,
    ReplyEnded,
    StatusChanged,
)


def told(event: Event) -> EventMessage:
    return EventMessage(type(event).__name__, event_data(event, include_words=False))


def after(before: DaemonStatus, message: EventMessage) -> tuple[DaemonStatus, bool]:
    """The status after an event, and whether only the daemon knows the rest of it."""
    tracker = StatusTracker(before)
    tracker.on_message(message.name, message.data)
    return tracker.update(before), tracker.is_stale


def test_the_floor_is_tracked() -> None:
    new, ask = after(status(), told(FloorChanged(1, FloorState.SPEAKING, "a reply")))
    assert (new.state, new.reason, ask) == ("speaking", "a reply", False)


def test_after_a_start_the_status_is_stale() -> None:
    for before in ("starting", "unavailable", "asleep"):
        assert after(status(state=before), told(FloorChanged(1, FloorState.LISTENING)))[1]


def test_after_a_stop_the_status_is_stale() -> None:
    assert after(status(), told(FloorChanged(1, FloorState.STOPPED, "told not to listen"))) == (status(), True)


def test_a_fault_is_a_problem_until_recovery() -> None:
    fault = Fault(1, LOST.component, LOST.message, LOST.hint)
    broken, ask = after(status(), told(fault))
    assert (broken.problems, ask) == ([LOST], False)
    assert after(broken, told(fault))[0].problems == [LOST], "it is told once"
    assert after(broken, told(Recovered(2, LOST.component))) == (status(), True)


def test_a_reply_ends_reply_problems() -> None:
    broken, _ = after(status(), told(Fault(1, "reply", "No words came", "")))
    assert after(broken, told(ReplyEnded(2, 1, "Indeed.", False)))[0].problems == []


def test_a_hotkey_change_is_tracked() -> None:
    new, ask = after(status(), told(HotkeyChanged(1, "ctrl+option+space", "toggle", active=True)))
    assert (new.push_to_talk, ask) == (
        PushToTalkStatus(chord="ctrl+option+space", mode="toggle", active=True),
        False,
    )


def test_a_status_change_makes_the_status_stale() -> None:
    assert after(status(), told(StatusChanged(0))) == (status(), True)


_members = st.dictionaries(
    st.sampled_from(["at", "state", "reason", "component", "message", "hint", "turn", "chord", "mode", "active"]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=2),
)
_kinds = st.sampled_from(
    [
        "FloorChanged",
        "Fault",
        "Recovered",
        "ReplyEnded",
        "HotkeyChanged",
        "StatusChanged",
        "MicrophoneLevel",
        "Unheard",
    ]
)


@given(statuses, _kinds, _members)
def test_an_unknown_event_is_ignored(about: DaemonStatus, kind: str, data: dict[str, Any]) -> None:
    new, _ = after(about, EventMessage(kind, data))
    assert isinstance(new, DaemonStatus)
    assert isinstance(new.state, str)
