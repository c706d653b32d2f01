"""Which icon shows which state."""

import pytest
from hypothesis import given

from tests.unit.menu.menu_states import LOST, menu_state, menu_states, status, statuses
from voicemate.control.status import DaemonStatus
from voicemate.core.events import FloorState
from voicemate.menu.icon import Icon, choose_icon
from voicemate.menu.menu_state import MenuProblem, MenuState


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("starting", Icon.ASLEEP),
        ("asleep", Icon.ASLEEP),
        ("listening", Icon.LISTENING),
        ("hearing", Icon.HEARING),
        (FloorState.OVERLAPPING, Icon.HEARING),
        ("thinking", Icon.THINKING),
        ("speaking", Icon.SPEAKING),
        ("unavailable", Icon.ATTENTION),
        ("stopped", Icon.ASLEEP),
        ("a state of a newer daemon", Icon.ASLEEP),
    ],
)
def test_the_icon_of_each_floor_state(state: str, expected: Icon) -> None:
    assert choose_icon(menu_state(status(state=state))) is expected


def test_the_icon_without_a_daemon() -> None:
    assert choose_icon(menu_state(None)) is Icon.NOT_RUNNING
    assert choose_icon(menu_state(None, down_reason=MenuProblem("It ended"))) is Icon.ATTENTION


def test_waiting_for_the_key_is_not_shown_as_listening() -> None:
    assert choose_icon(menu_state(status(mode="push-to-talk"))) is Icon.ASLEEP


def test_a_problem_is_shown_except_while_the_character_speaks() -> None:
    assert choose_icon(menu_state(status(problems=[LOST]))) is Icon.ATTENTION
    assert choose_icon(menu_state(status(problems=[LOST], state="speaking"))) is Icon.SPEAKING
    assert choose_icon(menu_state(action_error=MenuProblem("That failed"))) is Icon.ATTENTION


@given(statuses)
def test_a_muted_microphone_is_never_shown_as_listening(status: DaemonStatus) -> None:
    assert choose_icon(menu_state(status.model_copy(update={"muted": True}))) not in (Icon.LISTENING, Icon.HEARING)


@given(menu_states)
def test_every_state_has_an_icon(state: MenuState) -> None:
    assert choose_icon(state) in Icon
