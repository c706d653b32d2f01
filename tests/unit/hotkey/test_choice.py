"""Which way of watching the key a machine has, or one clear sentence why none."""

import pytest

from voicemate.errors import HotkeyError
from voicemate.hotkey.carbon_watch import CarbonWatch
from voicemate.hotkey.choice import way_of_watching
from voicemate.hotkey.chord import parse
from voicemate.hotkey.x11 import X11Watch


def test_macos_has_carbon() -> None:
    assert way_of_watching("darwin", {}) is CarbonWatch


def test_x11_has_its_own() -> None:
    made = way_of_watching("linux", {"DISPLAY": ":7", "XDG_SESSION_TYPE": "x11"})
    assert isinstance(made(parse("f13"), lambda report: None), X11Watch)


@pytest.mark.parametrize(
    "environment",
    [{"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, {"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}],
)
def test_wayland_has_none_even_where_an_x_server_runs_in_it(environment: dict[str, str]) -> None:
    with pytest.raises(HotkeyError, match="Wayland") as raised:
        way_of_watching("linux", environment)
    assert "voicemate ptt toggle" in raised.value.remedy
    assert not raised.value.passing


def test_without_a_display_it_may_come_later() -> None:
    with pytest.raises(HotkeyError, match="no display") as raised:
        way_of_watching("linux", {"XDG_SESSION_TYPE": "tty"})
    assert raised.value.passing
