"""Which icon tells how voicemate is. Pure."""

from enum import StrEnum

from voicemate.control.status import DaemonStatus
from voicemate.core.events import FloorState
from voicemate.menu.menu_state import MenuState


class Icon(StrEnum):
    """The states that a glance tells apart."""

    NOT_RUNNING = "not running"
    ASLEEP = "asleep"  # the microphone is closed, or about to open: told not to listen, waiting for the key, starting
    LISTENING = "listening"
    HEARING = "hearing"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"
    ATTENTION = "needs attention"


_ICON_BY_FLOOR_STATE = {
    FloorState.LISTENING: Icon.LISTENING,
    FloorState.HEARING: Icon.HEARING,
    FloorState.OVERLAPPING: Icon.HEARING,
    FloorState.THINKING: Icon.THINKING,
    FloorState.SPEAKING: Icon.SPEAKING,
}


def choose_icon(known: MenuState) -> Icon:
    """What is most worth knowing at a glance.

    What needs a person comes before all else, except while the character takes its turn, which shows that it works.
    A muted microphone is shown whatever else happens: the icon promises that nothing is heard.
    """
    status = known.status
    if status is None:
        return Icon.ATTENTION if known.down_reason or known.action_error else Icon.NOT_RUNNING
    floor = _ICON_BY_FLOOR_STATE.get(status.state, Icon.ASLEEP)  # type: ignore[call-overload]
    if floor not in (Icon.THINKING, Icon.SPEAKING) and _needs_attention(known, status):
        return Icon.ATTENTION
    if status.muted and floor is not Icon.ASLEEP:
        return Icon.MUTED
    if floor is Icon.LISTENING and waits_for_key(status):
        return Icon.ASLEEP
    return floor


def waits_for_key(status: DaemonStatus) -> bool:
    """Nothing is heard until the push-to-talk key goes down."""
    return status.mode == "push-to-talk" and status.state == FloorState.LISTENING


def _needs_attention(known: MenuState, status: DaemonStatus) -> bool:
    return status.state == FloorState.UNAVAILABLE or bool(status.problems) or known.action_error is not None
