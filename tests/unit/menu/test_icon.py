"""One icon for each way that voicemate can be."""

import pytest
from hypothesis import given

from tests.unit.menu.menu_states import LOST, anything, menu_state, status, statuses
from voicemate.control.status import DaemonStatus
from voicemate.menu.icon import Icon, choose_icon
from voicemate.menu.menu_state import MenuProblem, MenuState


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("starting", Icon.ASLEEP),
        ("asleep", Icon.ASLEEP),
        ("listening", Icon.LISTENING),
        ("hearing", Icon.HEARING),
        ("yielding", Icon.HEARING),
        ("thinking", Icon.THINKING),
        ("speaking", Icon.SPEAKING),
        ("unavailable", Icon.ATTENTION),
        ("stopped", Icon.ASLEEP),
        ("a state of a newer daemon", Icon.ASLEEP),
    ],
)
def test_each_state_has_its_icon(state: str, expected: Icon) -> None:
    assert choose_icon(menu_state(status(state=state))) is expected


def test_no_daemon() -> None:
    assert choose_icon(menu_state(None)) is Icon.NOT_RUNNING
    assert choose_icon(menu_state(None, down=MenuProblem("It ended"))) is Icon.ATTENTION


def test_waiting_for_the_key_is_not_listening() -> None:
    assert choose_icon(menu_state(status(mode="push-to-talk"))) is Icon.ASLEEP


def test_a_problem_is_shown_but_not_over_a_turn_that_shows_it_works() -> None:
    assert choose_icon(menu_state(status(problems=[LOST]))) is Icon.ATTENTION
    assert choose_icon(menu_state(status(problems=[LOST], state="speaking"))) is Icon.SPEAKING
    assert choose_icon(menu_state(trouble=MenuProblem("That failed"))) is Icon.ATTENTION


@given(statuses)
def test_a_muted_microphone_never_looks_open(about: DaemonStatus) -> None:
    assert choose_icon(menu_state(about.model_copy(update={"muted": True}))) not in (Icon.LISTENING, Icon.HEARING)


@given(anything)
def test_there_is_always_one(anything: MenuState) -> None:
    assert choose_icon(anything) in Icon
