"""The push-to-talk key on a real X server, pressed by xdotool."""

import contextlib
import queue
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voicemate.config.hotkey_chord import parse_chord
from voicemate.core.errors import HotkeyError
from voicemate.push_to_talk import x11
from voicemate.push_to_talk.chord_listener import (
    ChordEvent,
    ChordPressed,
    ChordRegistered,
    ChordReleased,
    ListenerFailed,
)
from voicemate.push_to_talk.x11 import X11ChordListener
from voicemate.push_to_talk.x11_keymap import X11Keyboard
from voicemate.testing.x11_display import X11Display, available, x11_display

pytest.importorskip("xcffib", reason="the key needs xcffib (pip install 'voicemate[hotkey]')")
pytestmark = pytest.mark.desktop

PATIENCE_S = 60
CHORD = "ctrl+option+space"


class Watched:
    """A chord that is watched, and what is told of it."""

    def __init__(self, screen: X11Display, chord: str):
        self.told: queue.Queue[ChordEvent] = queue.Queue()
        self.watch = X11ChordListener(parse_chord(chord), self.told.put, screen.name)
        self.watch.start()

    def next(self) -> ChordEvent:
        return self.told.get(timeout=PATIENCE_S)

    def trouble(self) -> HotkeyError:
        report = self.next()
        assert isinstance(report, ListenerFailed)
        return report.error


Watch = Callable[[str], Watched]


@pytest.fixture
def watch(screen: X11Display) -> Iterator[Watch]:
    begun: list[Watched] = []

    def begin(chord: str) -> Watched:
        begun.append(Watched(screen, chord))
        return begun[-1]

    yield begin
    for watched in begun:
        watched.watch.stop()


def test_a_hold_is_one_press_and_one_release_though_the_key_repeats(watch: Watch, screen: X11Display) -> None:
    key, witness = watch(CHORD), watch("ctrl+option+a")
    assert (key.next(), witness.next()) == (ChordRegistered(), ChordRegistered())
    screen.keys("keydown", "ctrl+alt+space", "sleep", "1.2", "keyup", "ctrl+alt+space")
    screen.keys("key", "ctrl+alt+a")
    assert (witness.next(), witness.next()) == (ChordPressed(), ChordReleased())
    assert (key.next(), key.next()) == (ChordPressed(), ChordReleased())
    assert key.told.empty()


def test_the_modifiers_may_be_let_go_first(watch: Watch, screen: X11Display) -> None:
    key = watch(CHORD)
    assert key.next() == ChordRegistered()
    screen.keys("keydown", "ctrl", "keydown", "alt", "keydown", "space", "keyup", "ctrl", "keyup", "alt")
    assert key.next() == ChordPressed()
    with pytest.raises(queue.Empty):
        key.told.get(timeout=0.6)  # longer than it takes to look at the real key twice
    screen.keys("keyup", "space")
    assert key.next() == ChordReleased()


def test_it_works_whatever_is_locked(watch: Watch, screen: X11Display) -> None:
    key = watch(CHORD)
    assert key.next() == ChordRegistered()
    for lock in ("Num_Lock", "Caps_Lock", "Num_Lock"):
        screen.keys("key", lock)
        screen.keys("key", "ctrl+alt+space")
        assert (key.next(), key.next()) == (ChordPressed(), ChordReleased())


def test_no_other_key_is_seen(watch: Watch, screen: X11Display) -> None:
    key = watch(CHORD)
    assert key.next() == ChordRegistered()
    screen.keys("key", "space", "key", "ctrl+space", "key", "alt+space", "key", "shift+ctrl+alt+space", "key", "a")
    screen.keys("key", "ctrl+alt+space")
    assert (key.next(), key.next()) == (ChordPressed(), ChordReleased())


def test_a_chord_that_somebody_has_is_refused_and_free_again_when_they_end(watch: Watch) -> None:
    first = watch(CHORD)
    assert first.next() == ChordRegistered()
    error = watch(CHORD).trouble()
    assert "Another program has the key ctrl+option+space" in error.message
    assert "voicemate config set push_to_talk.chord" in error.hint
    assert not error.transient
    first.watch.stop()
    assert watch(CHORD).next() == ChordRegistered()


def test_the_key_is_let_go_when_the_server_goes(watch: Watch, screen: X11Display) -> None:
    key = watch(CHORD)
    assert key.next() == ChordRegistered()
    screen.keys("keydown", "ctrl+alt+space")
    assert key.next() == ChordPressed()
    screen.stop()
    assert key.next() == ChordReleased()
    assert key.trouble().transient


def test_another_layout_is_followed(watch: Watch, screen: X11Display) -> None:
    key = watch("ctrl+option+y")
    assert key.next() == ChordRegistered()
    screen.layout("de")  # y and z change places
    for _ in range(PATIENCE_S):  # until the news has come
        screen.keys("key", "ctrl+alt+y")
        with contextlib.suppress(queue.Empty):
            assert key.told.get(timeout=1) == ChordPressed()
            break
    assert key.next() == ChordReleased()
    screen.keys("key", "ctrl+alt+z", "key", "ctrl+alt+y")
    assert (key.next(), key.next()) == (ChordPressed(), ChordReleased())
    assert key.told.empty()


def test_a_press_that_comes_along_with_an_answer_of_the_server_is_not_left_lying(
    watch: Watch, screen: X11Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first key of another keyboard has the server tell of that keyboard, and the watch ask for its keys."""
    key = watch(CHORD)
    assert key.next() == ChordRegistered()
    ask, pressed = x11._Server.keyboard, []

    def pressed_meanwhile(server: x11._Server) -> X11Keyboard:
        if not pressed:
            pressed.append(True)
            screen.keys("key", "ctrl+alt+space")
        return ask(server)

    monkeypatch.setattr(x11._Server, "keyboard", pressed_meanwhile)
    screen.layout("de")
    assert (key.next(), key.next()) == (ChordPressed(), ChordReleased())


def test_a_server_that_is_not_there_is_named() -> None:
    told: queue.Queue[ChordEvent] = queue.Queue()
    watch = X11ChordListener(parse_chord(CHORD), told.put, ":987654")
    watch.start()
    report = told.get(timeout=PATIENCE_S)
    assert isinstance(report, ListenerFailed)
    assert ":987654 cannot be reached" in report.error.message
    assert report.error.transient
    watch.stop()


def test_a_server_that_lets_in_only_who_has_its_key_is_reached_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not available() or shutil.which("xauth") is None:
        pytest.skip("there is no X server for tests here (Debian: xvfb xdotool)")
    monkeypatch.setenv("XAUTHORITY", str(tmp_path / "none"))
    key = tmp_path / "key"
    key.touch(mode=0o600)
    entries = "".join(f"add :{number} . {16 * '1f'}\n" for number in range(100))  # whichever it gets
    subprocess.run(["xauth", "-f", str(key), "source", "-"], input=entries.encode(), check=True, capture_output=True)
    with x11_display(["-auth", str(key)]) as screen:
        for authority, kind in ((None, ListenerFailed), (str(key), ChordRegistered)):
            told: queue.Queue[ChordEvent] = queue.Queue()
            watch = X11ChordListener(parse_chord(CHORD), told.put, screen.name, authority)
            watch.start()
            assert isinstance(told.get(timeout=PATIENCE_S), kind)
            watch.stop()
