"""States of the menu, for tests."""

from typing import Any

from hypothesis import strategies as st

from tests.unit.control.recording_target import STATUS
from voicemate.config.schema import AudioSettings, MenuSettings, Settings, TtsSettings
from voicemate.control.status import (
    Choice,
    Choices,
    DaemonStatus,
    DeviceStatus,
    Problem,
    PushToTalkStatus,
    RecentExchange,
)
from voicemate.core.events import FloorState
from voicemate.menu.menu_model import Menu, MenuItem
from voicemate.menu.menu_state import LoginState, MenuProblem, MenuState

LOST = Problem(
    component="microphone", message="The microphone is gone", hint="Connect it, then run `voicemate devices`"
)


def status(**changes: Any) -> DaemonStatus:
    return STATUS.model_copy(update=changes)


def menu_state(status: DaemonStatus | None = STATUS, **fields: Any) -> MenuState:
    return MenuState(status=status, **fields)


def all_items(menu: Menu | MenuItem) -> list[MenuItem]:
    return [each for item in menu.items for each in (item, *all_items(item))]


def find_item(menu: Menu, *labels: str) -> MenuItem:
    """Find the item with the last label, in the submenus with the labels before it."""
    found: Menu | MenuItem = menu
    for label in labels:
        found = next(each for each in found.items if each.label == label)
    assert isinstance(found, MenuItem)
    return found


_text = st.one_of(st.text(max_size=20), st.sampled_from(["", "a b" * 60, "\n\t\x00", "&File"]))
_line = _text.filter(bool)
_problem = st.builds(Problem, where=_text, wrong=_text, remedy=_text)
_device = st.builds(DeviceStatus, name=_text, open=st.booleans())
_push_to_talk = st.builds(
    PushToTalkStatus,
    chord=st.sampled_from(["", "f5", "ctrl+option+space", "no such key"]),
    mode=st.sampled_from(["hold", "toggle"]),
    active=st.booleans(),
    reason=_text,
)

statuses = st.fixed_dictionaries(
    {
        "state": st.sampled_from([*(state.value for state in FloorState), "asleep", "unknown"]),
        "reason": _text,
        "listening": st.booleans(),
        "muted": st.booleans(),
        "mode": st.sampled_from(["hands-free", "push-to-talk"]),
        "push_to_talk": _push_to_talk,
        "persona": _text,
        "character": _text,
        "microphone": _device,
        "speaker": _device,
        "problems": st.lists(_problem, max_size=3),
    }
).map(lambda changes: STATUS.model_copy(update=changes))

_choices = st.lists(st.builds(Choice, _line, _text), max_size=3).map(tuple)
_settings = st.builds(
    Settings,
    audio=st.builds(AudioSettings, input=_text, output=_text),
    tts=st.builds(TtsSettings, voice=_text),
    menu=st.builds(MenuSettings, exchanges=st.integers(0, 10)),
)
menu_states = st.builds(
    MenuState,
    status=st.none() | statuses,
    down_reason=st.none() | st.builds(MenuProblem, _text, _text),
    unreachable=st.booleans(),
    settings=_settings,
    choices=st.builds(Choices, _choices, _choices, _choices, _choices),
    exchanges=st.lists(st.builds(RecentExchange, _text, _text, _text), max_size=3).map(tuple),
    login=st.builds(LoginState, st.none() | st.booleans(), _text),
    progress=st.sampled_from(["", "Starting voicemate …"]),
    action_error=st.none() | st.builds(MenuProblem, _text, _text),
    is_mac=st.booleans(),
)
