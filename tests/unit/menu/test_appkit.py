"""The same menu in a Mac's menu bar, against an AppKit that is as unforgiving as the real one."""

import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.menu.fake_appkit import FakeMac
from tests.unit.menu.menu_states import LOST, menu_state, status
from voicemate.control.status import Choice, Choices, RecentExchange
from voicemate.core.errors import MenuError
from voicemate.menu import appkit
from voicemate.menu.actions import MenuAction, SendCommand
from voicemate.menu.appkit import SYMBOLS, MenuBar
from voicemate.menu.icon import Icon
from voicemate.menu.menu_model import Menu, build_menu
from voicemate.menu.menu_state import MenuState


class NotedCompanion:
    """Notes what is clicked, and has a menu shown from a thread of its own, as the real one does."""

    def __init__(self, show: Callable[[Menu], None]):
        self._show = show
        self.done: list[Any] = []

    def begin(self) -> None:
        self.done.append("begin")

    def end(self) -> None:
        self.done.append("end")

    def opening(self) -> None:
        self.done.append("opening")

    def do(self, action: MenuAction) -> None:
        self.done.append(action)

    def learn(self, known: MenuState) -> None:
        thread = threading.Thread(target=lambda: self._show(build_menu(known)))
        thread.start()
        thread.join()


class Shown:
    """A menu bar with our icon in it."""

    def __init__(self) -> None:
        self.mac = FakeMac()
        self.menu_bar = MenuBar(self._companion, self.mac.kit)  # type: ignore[arg-type]
        self.menu_bar.show()
        gc.collect()

    def _companion(self, show: Callable[[Menu], None]) -> NotedCompanion:
        self.companion = NotedCompanion(show)
        return self.companion

    def learn(self, known: MenuState) -> None:
        self.companion.learn(known)
        self.mac.turn()


PEOPLE = Choices(personas=(Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper")))


def test_the_menu_is_drawn_with_its_submenus_and_check_marks() -> None:
    shown = Shown()
    shown.learn(menu_state(status(muted=True), choices=PEOPLE))
    titles = shown.mac.menu.titles()
    assert titles[:3] == ["Muted: Juniper hears nothing", "-", "Mute"]
    assert titles[-2:] == ["-", "Quit this menu"]
    assert shown.mac.menu.item("Mute").state == 1
    people = shown.mac.menu.item("Character").submenu()
    assert people is not None
    assert [(one.title, one.state) for one in people.items] == [("Ambrose", 0), ("Juniper", 1)]


def test_a_click_reaches_the_companion() -> None:
    shown = Shown()
    shown.learn(menu_state(choices=PEOPLE))
    shown.mac.menu.open()
    shown.mac.menu.item("Mute").click()
    people = shown.mac.menu.item("Character").submenu()
    assert people is not None
    people.open()
    people.item("Ambrose").click()
    assert shown.companion.done[:3] == ["begin", "opening", SendCommand("mute", (("on", True),))]
    assert shown.companion.done[3].name == "persona"


def test_lines_that_only_tell_something_are_disabled_and_do_nothing() -> None:
    shown = Shown()
    shown.learn(menu_state())
    shown.mac.menu.open()
    line = shown.mac.menu.items[0]
    line.click()
    assert not line.enabled
    assert shown.companion.done == ["begin", "opening"]


def test_what_changes_while_it_is_open_changes_in_place() -> None:
    shown = Shown()
    shown.learn(menu_state(choices=PEOPLE))
    people = shown.mac.menu.item("Character").submenu()
    assert people is not None
    before = shown.mac.menu.rebuilt, people.rebuilt
    shown.learn(menu_state(status(state="speaking"), choices=PEOPLE))
    assert shown.mac.menu.items[0].title == "Juniper is speaking"
    assert (shown.mac.menu.rebuilt, people.rebuilt) == before
    assert shown.mac.menu.item("Character").submenu() is people


def test_what_gets_another_shape_is_made_anew_with_all_that_is_in_it() -> None:
    shown = Shown()
    shown.learn(menu_state(choices=PEOPLE))
    shown.learn(menu_state(status(problems=[LOST]), choices=PEOPLE))
    problem = shown.mac.menu.item("⚠ The microphone is gone").submenu()
    assert problem is not None
    assert "Try again now" in problem.titles()
    people = shown.mac.menu.item("Character").submenu()
    assert people is not None
    assert people.titles() == ["Ambrose", "Juniper"]
    shown.learn(menu_state(None))
    assert shown.mac.menu.titles()[0] == "voicemate is not running"


@pytest.mark.parametrize(("state", "icon"), [("speaking", Icon.SPEAKING), ("unavailable", Icon.ATTENTION)])
def test_the_icon_is_a_template_that_suits_dark_and_light(state: str, icon: Icon) -> None:
    shown = Shown()
    shown.learn(menu_state(status(state=state)))
    button = shown.mac.status_item.button()
    assert button.image is not None
    assert (button.image.name, button.image.template, button.title) == (SYMBOLS[icon], True, "")
    assert "Juniper" in button.tip or "Not listening" in button.tip


def test_without_the_symbol_there_is_a_word() -> None:
    shown = Shown()
    shown.learn(menu_state(None))  # this fake does not know `power`
    button = shown.mac.status_item.button()
    assert (button.image, button.title) == (None, "voicemate")
    shown.learn(menu_state())
    assert button.title == ""


def test_copy_and_quit() -> None:
    shown = Shown()
    shown.learn(menu_state(exchanges=(RecentExchange("Juniper", "How are you?", "Very well."),)))
    said = shown.mac.menu.item("Last said").submenu()
    assert said is not None
    said.items[0].click()
    assert shown.mac.copied == "How are you?"
    shown.mac.menu.item("Quit this menu").click()
    assert shown.mac.ended
    assert shown.companion.done[-1] == "end"


def test_it_is_an_application_without_a_dock_icon() -> None:
    mac, made = FakeMac(), []
    appkit.run(lambda show: made.append(NotedCompanion(show)) or made[0], mac.kit)  # type: ignore[arg-type, return-value]
    assert (mac.policy, mac.looped) == (1, True)


def test_without_pyobjc_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "AppKit", None)
    with pytest.raises(MenuError, match="pip install pyobjc-framework-Cocoa"):
        appkit.load_appkit()
