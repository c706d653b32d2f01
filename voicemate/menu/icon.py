"""Which icon shows the state of voicemate. Pure."""

from enum import StrEnum

from voicemate.control.status import DaemonStatus
from voicemate.core.events import FloorState
from voicemate.menu.menu_state import MenuState


class Icon(StrEnum):
    """The states that the icon distinguishes."""

    NOT_RUNNING = "not running"
    ASLEEP = "asleep"  # the microphone is closed or not used yet: not listening, waiting for the key, starting
    LISTENING = "listening"
    HEARING = "hearing"
    THINKING = "thinking"
    SPEAKING = "speaking"
    MUTED = "muted"
    ATTENTION = "needs attention"


_ICON_BY_FLOOR_STATE: dict[str, Icon] = {
    FloorState.LISTENING: Icon.LISTENING,
    FloorState.HEARING: Icon.HEARING,
    FloorState.OVERLAPPING: Icon.HEARING,
    FloorState.THINKING: Icon.THINKING,
    FloorState.SPEAKING: Icon.SPEAKING,
}


def choose_icon(state: MenuState) -> Icon:
    """Choose the icon.

    A problem takes precedence, except while the character thinks or speaks, which shows that it works. A muted
    microphone always shows: the icon promises that nothing is recorded.
    """
    status = state.status
    if status is None:
        return Icon.ATTENTION if state.down_reason or state.action_error else Icon.NOT_RUNNING
    floor = _ICON_BY_FLOOR_STATE.get(status.state, Icon.ASLEEP)
    if floor not in (Icon.THINKING, Icon.SPEAKING) and _needs_attention(state, status):
        return Icon.ATTENTION
    if status.muted and floor is not Icon.ASLEEP:
        return Icon.MUTED
    if floor is Icon.LISTENING and waits_for_key(status):
        return Icon.ASLEEP
    return floor


def waits_for_key(status: DaemonStatus) -> bool:
    """Whether voicemate listens only after the push-to-talk key is pressed."""
    return status.mode == "push-to-talk" and status.state == FloorState.LISTENING


def _needs_attention(state: MenuState, status: DaemonStatus) -> bool:
    return status.state == FloorState.UNAVAILABLE or bool(status.problems) or state.action_error is not None
