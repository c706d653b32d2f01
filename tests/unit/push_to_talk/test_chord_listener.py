"""Which way of watching the key a machine has, or one clear sentence why none."""

import pytest

from voicemate.config.hotkey_chord import parse_chord
from voicemate.core.errors import HotkeyError
from voicemate.push_to_talk.carbon_process import CarbonChordListener
from voicemate.push_to_talk.chord_listener import listener_class
from voicemate.push_to_talk.x11 import X11ChordListener


def test_macos_has_carbon() -> None:
    assert listener_class("darwin", {}) is CarbonChordListener


def test_x11_has_its_own() -> None:
    made = listener_class("linux", {"DISPLAY": ":7", "XDG_SESSION_TYPE": "x11"})
    assert isinstance(made(parse_chord("f13"), lambda report: None), X11ChordListener)


@pytest.mark.parametrize(
    "environment",
    [{"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, {"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}],
)
def test_wayland_has_none_even_where_an_x_server_runs_in_it(environment: dict[str, str]) -> None:
    with pytest.raises(HotkeyError, match="Wayland") as raised:
        listener_class("linux", environment)
    assert "voicemate ptt toggle" in raised.value.hint
    assert not raised.value.transient


def test_without_a_display_it_may_come_later() -> None:
    with pytest.raises(HotkeyError, match="no display") as raised:
        listener_class("linux", {"XDG_SESSION_TYPE": "tty"})
    assert raised.value.transient
