"""The key on a Mac, on a fake one: Carbon's events, its refusals, and the helper process around them."""

import os
import queue
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.unit.push_to_talk.fake_mac import FakeMac
from voicemate.config.hotkey_chord import parse_chord
from voicemate.push_to_talk.carbon import (
    ALREADY_REGISTERED,
    INVALID,
    NO_ERROR,
    NOT_HANDLED,
    PRESSED,
    RELEASED,
    CarbonHotkey,
    RegistrationError,
)
from voicemate.push_to_talk.carbon_process import CarbonChordListener
from voicemate.push_to_talk.chord_listener import (
    ChordEvent,
    ChordPressed,
    ChordRegistered,
    ChordReleased,
    ListenerFailed,
)

FAKE = "tests.unit.push_to_talk.fake_mac"
PATIENCE_S = 60
"""A helper process has to start, on a machine that may be busy."""


def test_press_and_release_of_our_chord_are_told_and_swallowed() -> None:
    mac, told = FakeMac(), list[bool]()
    hotkey = CarbonHotkey(mac, 0x31, 0x1800, told.append)
    assert mac.carbon.registered == [(0x31, 0x1800)]
    assert mac.carbon.happen(PRESSED) == NO_ERROR
    assert mac.carbon.happen(RELEASED) == NO_ERROR
    assert told == [True, False]
    assert hotkey


def test_what_is_not_ours_is_left_to_others() -> None:
    mac, told = FakeMac(), list[bool]()
    hotkey = CarbonHotkey(mac, 0x31, 0x1800, told.append)
    assert mac.carbon.happen_to_others(PRESSED) == NOT_HANDLED
    assert mac.carbon.happen_without_name(PRESSED) == NOT_HANDLED
    assert mac.carbon.happen(9) == NOT_HANDLED
    assert told == []
    assert hotkey


def test_a_chord_that_is_taken_is_refused() -> None:
    with pytest.raises(RegistrationError) as raised:
        CarbonHotkey(FakeMac(ALREADY_REGISTERED), 0x31, 0x1800, lambda down: None)
    assert raised.value.status == ALREADY_REGISTERED


class Keyboard:
    """A helper process on the fake Mac, and what it tells."""

    def __init__(self, script: Path):
        self.script = script
        self.told: queue.Queue[ChordEvent] = queue.Queue()
        self.watch = CarbonChordListener(parse_chord("ctrl+option+space"), self.told.put, [FAKE])

    def do(self, *what: str) -> None:
        with self.script.open("a") as script:
            script.writelines(f"{one}\n" for one in what)

    def next(self) -> ChordEvent:
        return self.told.get(timeout=PATIENCE_S)

    def broken(self) -> ListenerFailed:
        """The last report."""
        report = self.next()
        assert isinstance(report, ListenerFailed)
        return report


@pytest.fixture
def keyboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyboard]:
    script = tmp_path / "script"
    script.touch()
    monkeypatch.setenv("FAKE_MAC", str(script))
    keyboard = Keyboard(script)
    keyboard.watch.start()
    yield keyboard
    keyboard.watch.stop()


def helpers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "carbon_worker" in " ".join(child.cmdline())]


def test_the_helper_tells_of_every_hold_once(keyboard: Keyboard) -> None:
    assert keyboard.next() == ChordRegistered()
    keyboard.do("press", "repeat", "repeat", "release", "press", "release")
    assert [keyboard.next() for _ in range(4)] == [ChordPressed(), ChordReleased(), ChordPressed(), ChordReleased()]


def test_a_release_that_macos_loses_is_seen(keyboard: Keyboard) -> None:
    assert keyboard.next() == ChordRegistered()
    keyboard.do("press")
    assert keyboard.next() == ChordPressed()
    keyboard.do("lose")
    assert keyboard.next() == ChordReleased()


def test_a_helper_that_dies_lets_go_of_the_key(keyboard: Keyboard) -> None:
    assert keyboard.next() == ChordRegistered()
    keyboard.do("press")
    assert keyboard.next() == ChordPressed()
    keyboard.do("die")
    assert keyboard.next() == ChordReleased()
    assert keyboard.broken().error.transient


def test_the_helper_goes_with_its_watch(keyboard: Keyboard) -> None:
    assert keyboard.next() == ChordRegistered()
    (helper,) = helpers()
    keyboard.watch.stop()
    assert not helper.is_running()
    assert keyboard.told.empty(), "who stops listening is told nothing more"


def test_the_helper_goes_with_its_parent(keyboard: Keyboard) -> None:
    assert keyboard.next() == ChordRegistered()
    (helper,) = helpers()
    process = keyboard.watch._process
    assert process
    assert process.stdin
    process.stdin.close()
    assert isinstance(keyboard.next(), ListenerFailed)
    helper.wait(PATIENCE_S)


def test_ctrl_c_at_the_terminal_is_not_the_helpers(keyboard: Keyboard) -> None:
    assert keyboard.next() == ChordRegistered()
    (helper,) = helpers()
    os.kill(helper.pid, signal.SIGINT)
    keyboard.do("press")
    assert keyboard.next() == ChordPressed()


@pytest.mark.parametrize(
    ("status", "said"), [(ALREADY_REGISTERED, "has the key ctrl"), (INVALID, "does not allow"), (-50, "code -50")]
)
def test_a_refused_chord_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, said: str
) -> None:
    monkeypatch.setenv("FAKE_MAC_STATUS", str(status))
    keyboard = Keyboard(tmp_path / "script")
    keyboard.watch.start()
    error = keyboard.broken().error
    assert said in error.message
    assert "voicemate config set push_to_talk.chord" in error.hint
    assert not error.transient
    keyboard.watch.stop()


def test_where_there_is_no_carbon_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told: queue.Queue[ChordEvent] = queue.Queue()
    watch = CarbonChordListener(parse_chord("ctrl+option+space"), told.put)  # on a real Mac it would be ready
    watch.start()
    report = told.get(timeout=PATIENCE_S)
    assert report == ChordRegistered() or (
        isinstance(report, ListenerFailed) and "cannot be watched" in report.error.message
    )
    watch.stop()


def test_a_key_that_no_mac_has_is_refused_without_a_helper() -> None:
    told: queue.Queue[ChordEvent] = queue.Queue()
    watch = CarbonChordListener(parse_chord("pause"), told.put)
    watch.start()
    report = told.get(timeout=PATIENCE_S)
    assert isinstance(report, ListenerFailed)
    assert "no key `pause`" in report.error.message
    watch.stop()
