"""The push-to-talk key on a real X server, pressed by xdotool."""

import contextlib
import queue
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.display import Display, available, display
from voicemate.errors import HotkeyError
from voicemate.hotkey import x11
from voicemate.hotkey.chord import parse
from voicemate.hotkey.reports import Broken, Down, Ready, Report, Up
from voicemate.hotkey.x11 import X11Watch
from voicemate.hotkey.x11_keys import Keyboard

pytest.importorskip("xcffib", reason="the key needs xcffib (pip install 'voicemate[hotkey]')")
pytestmark = pytest.mark.desktop

PATIENCE_S = 60
CHORD = "ctrl+option+space"


class Watched:
    """A chord that is watched, and what is told of it."""

    def __init__(self, screen: Display, chord: str):
        self.told: queue.Queue[Report] = queue.Queue()
        self.watch = X11Watch(parse(chord), self.told.put, screen.name)
        self.watch.start()

    def next(self) -> Report:
        return self.told.get(timeout=PATIENCE_S)

    def trouble(self) -> HotkeyError:
        report = self.next()
        assert isinstance(report, Broken)
        return report.error


Watch = Callable[[str], Watched]


@pytest.fixture
def watch(screen: Display) -> Iterator[Watch]:
    begun: list[Watched] = []

    def begin(chord: str) -> Watched:
        begun.append(Watched(screen, chord))
        return begun[-1]

    yield begin
    for watched in begun:
        watched.watch.stop()


def test_a_hold_is_one_press_and_one_release_though_the_key_repeats(watch: Watch, screen: Display) -> None:
    key, witness = watch(CHORD), watch("ctrl+option+a")
    assert (key.next(), witness.next()) == (Ready(), Ready())
    screen.keys("keydown", "ctrl+alt+space", "sleep", "1.2", "keyup", "ctrl+alt+space")
    screen.keys("key", "ctrl+alt+a")
    assert (witness.next(), witness.next()) == (Down(), Up())
    assert (key.next(), key.next()) == (Down(), Up())
    assert key.told.empty()


def test_the_modifiers_may_be_let_go_first(watch: Watch, screen: Display) -> None:
    key = watch(CHORD)
    assert key.next() == Ready()
    screen.keys("keydown", "ctrl", "keydown", "alt", "keydown", "space", "keyup", "ctrl", "keyup", "alt")
    assert key.next() == Down()
    with pytest.raises(queue.Empty):
        key.told.get(timeout=0.6)  # longer than it takes to look at the real key twice
    screen.keys("keyup", "space")
    assert key.next() == Up()


def test_it_works_whatever_is_locked(watch: Watch, screen: Display) -> None:
    key = watch(CHORD)
    assert key.next() == Ready()
    for lock in ("Num_Lock", "Caps_Lock", "Num_Lock"):
        screen.keys("key", lock)
        screen.keys("key", "ctrl+alt+space")
        assert (key.next(), key.next()) == (Down(), Up())


def test_no_other_key_is_seen(watch: Watch, screen: Display) -> None:
    key = watch(CHORD)
    assert key.next() == Ready()
    screen.keys("key", "space", "key", "ctrl+space", "key", "alt+space", "key", "shift+ctrl+alt+space", "key", "a")
    screen.keys("key", "ctrl+alt+space")
    assert (key.next(), key.next()) == (Down(), Up())


def test_a_chord_that_somebody_has_is_refused_and_free_again_when_they_end(watch: Watch) -> None:
    first = watch(CHORD)
    assert first.next() == Ready()
    error = watch(CHORD).trouble()
    assert "Another program has the key ctrl+option+space" in error.wrong
    assert "voicemate config set hotkey.chord" in error.remedy
    assert not error.passing
    first.watch.stop()
    assert watch(CHORD).next() == Ready()


def test_the_key_is_let_go_when_the_server_goes(watch: Watch, screen: Display) -> None:
    key = watch(CHORD)
    assert key.next() == Ready()
    screen.keys("keydown", "ctrl+alt+space")
    assert key.next() == Down()
    screen.end()
    assert key.next() == Up()
    assert key.trouble().passing


def test_another_layout_is_followed(watch: Watch, screen: Display) -> None:
    key = watch("ctrl+option+y")
    assert key.next() == Ready()
    screen.layout("de")  # y and z change places
    for _ in range(PATIENCE_S):  # until the news has come
        screen.keys("key", "ctrl+alt+y")
        with contextlib.suppress(queue.Empty):
            assert key.told.get(timeout=1) == Down()
            break
    assert key.next() == Up()
    screen.keys("key", "ctrl+alt+z", "key", "ctrl+alt+y")
    assert (key.next(), key.next()) == (Down(), Up())
    assert key.told.empty()


def test_a_press_that_comes_along_with_an_answer_of_the_server_is_not_left_lying(
    watch: Watch, screen: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first key of another keyboard has the server tell of that keyboard, and the watch ask for its keys."""
    key = watch(CHORD)
    assert key.next() == Ready()
    ask, pressed = x11._Server.keyboard, []

    def pressed_meanwhile(server: x11._Server) -> Keyboard:
        if not pressed:
            pressed.append(True)
            screen.keys("key", "ctrl+alt+space")
        return ask(server)

    monkeypatch.setattr(x11._Server, "keyboard", pressed_meanwhile)
    screen.layout("de")
    assert (key.next(), key.next()) == (Down(), Up())


def test_a_server_that_is_not_there_is_named() -> None:
    told: queue.Queue[Report] = queue.Queue()
    watch = X11Watch(parse(CHORD), told.put, ":987654")
    watch.start()
    report = told.get(timeout=PATIENCE_S)
    assert isinstance(report, Broken)
    assert ":987654 cannot be reached" in report.error.wrong
    assert report.error.passing
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
    with display(["-auth", str(key)]) as screen:
        for authority, kind in ((None, Broken), (str(key), Ready)):
            told: queue.Queue[Report] = queue.Queue()
            watch = X11Watch(parse(CHORD), told.put, screen.name, authority)
            watch.start()
            assert isinstance(told.get(timeout=PATIENCE_S), kind)
            watch.stop()
