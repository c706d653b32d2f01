"""The menu in a Mac's menu bar, with a fake AppKit that enforces the rules of the real one."""

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


class RecordingPresenter:
    """Records clicks, and shows menus from another thread, as the real one does."""

    def __init__(self, show: Callable[[Menu], None]):
        self._show = show
        self.done: list[Any] = []

    def start(self) -> None:
        self.done.append("start")

    def stop(self) -> None:
        self.done.append("stop")

    def on_menu_opening(self) -> None:
        self.done.append("opening")

    def perform(self, action: MenuAction) -> None:
        self.done.append(action)

    def show_state(self, state: MenuState) -> None:
        thread = threading.Thread(target=lambda: self._show(build_menu(state)))
        thread.start()
        thread.join()


class Shown:
    """A menu bar with voicemate's icon."""

    def __init__(self) -> None:
        self.mac = FakeMac()
        self.menu_bar = MenuBar(self._make_presenter, self.mac.kit)  # type: ignore[arg-type]
        self.menu_bar.show()
        gc.collect()

    def _make_presenter(self, show: Callable[[Menu], None]) -> RecordingPresenter:
        self.presenter = RecordingPresenter(show)
        return self.presenter

    def show_state(self, state: MenuState) -> None:
        self.presenter.show_state(state)
        self.mac.turn()


PERSONAS = Choices(personas=(Choice("ambrose", "Ambrose"), Choice("juniper", "Juniper")))


def test_the_menu_is_drawn_with_its_submenus_and_check_marks() -> None:
    shown = Shown()
    shown.show_state(menu_state(status(muted=True), choices=PERSONAS))
    titles = shown.mac.menu.titles()
    assert titles[:3] == ["Muted: Juniper hears nothing", "-", "Mute"]
    assert titles[-2:] == ["-", "Quit this menu"]
    assert shown.mac.menu.item("Mute").state == 1
    personas = shown.mac.menu.item("Character").submenu()
    assert personas is not None
    assert [(one.title, one.state) for one in personas.items] == [("Ambrose", 0), ("Juniper", 1)]


def test_a_click_reaches_the_presenter() -> None:
    shown = Shown()
    shown.show_state(menu_state(choices=PERSONAS))
    shown.mac.menu.open()
    shown.mac.menu.item("Mute").click()
    personas = shown.mac.menu.item("Character").submenu()
    assert personas is not None
    personas.open()
    personas.item("Ambrose").click()
    assert shown.presenter.done[:3] == ["start", "opening", SendCommand("mute", (("on", True),))]
    assert shown.presenter.done[3].name == "persona"


def test_text_lines_are_disabled() -> None:
    shown = Shown()
    shown.show_state(menu_state())
    shown.mac.menu.open()
    line = shown.mac.menu.items[0]
    line.click()
    assert not line.enabled
    assert shown.presenter.done == ["start", "opening"]


def test_an_open_menu_is_updated_in_place() -> None:
    shown = Shown()
    shown.show_state(menu_state(choices=PERSONAS))
    personas = shown.mac.menu.item("Character").submenu()
    assert personas is not None
    before = shown.mac.menu.rebuilt, personas.rebuilt
    shown.show_state(menu_state(status(state="speaking"), choices=PERSONAS))
    assert shown.mac.menu.items[0].title == "Juniper is speaking"
    assert (shown.mac.menu.rebuilt, personas.rebuilt) == before
    assert shown.mac.menu.item("Character").submenu() is personas


def test_a_menu_with_another_structure_is_rebuilt() -> None:
    shown = Shown()
    shown.show_state(menu_state(choices=PERSONAS))
    shown.show_state(menu_state(status(problems=[LOST]), choices=PERSONAS))
    problem = shown.mac.menu.item("⚠ The microphone is gone").submenu()
    assert problem is not None
    assert "Try again now" in problem.titles()
    personas = shown.mac.menu.item("Character").submenu()
    assert personas is not None
    assert personas.titles() == ["Ambrose", "Juniper"]
    shown.show_state(menu_state(None))
    assert shown.mac.menu.titles()[0] == "voicemate is not running"


@pytest.mark.parametrize(("state", "icon"), [("speaking", Icon.SPEAKING), ("unavailable", Icon.ATTENTION)])
def test_the_icon_is_a_template_image(state: str, icon: Icon) -> None:
    shown = Shown()
    shown.show_state(menu_state(status(state=state)))
    button = shown.mac.status_item.button()
    assert button.image is not None
    assert (button.image.name, button.image.template, button.title) == (SYMBOLS[icon], True, "")
    assert "Juniper" in button.tip or "Not listening" in button.tip


def test_without_the_symbol_the_name_is_shown() -> None:
    shown = Shown()
    shown.show_state(menu_state(None))  # the fake does not have `power`
    button = shown.mac.status_item.button()
    assert (button.image, button.title) == (None, "voicemate")
    shown.show_state(menu_state())
    assert button.title == ""


def test_copy_and_quit() -> None:
    shown = Shown()
    shown.show_state(menu_state(exchanges=(RecentExchange("Juniper", "How are you?", "Very well."),)))
    said = shown.mac.menu.item("Recent exchanges").submenu()
    assert said is not None
    said.items[0].click()
    assert shown.mac.copied == "How are you?"
    shown.mac.menu.item("Quit this menu").click()
    assert shown.mac.ended
    assert shown.presenter.done[-1] == "stop"


def test_the_application_has_no_dock_icon() -> None:
    mac, made = FakeMac(), []
    appkit.run(lambda show: made.append(RecordingPresenter(show)) or made[0], mac.kit)  # type: ignore[arg-type, return-value]
    assert (mac.policy, mac.looped) == (1, True)


def test_a_missing_pyobjc_is_reported_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "AppKit", None)
    with pytest.raises(MenuError, match="pip install pyobjc-framework-Cocoa"):
        appkit.load_appkit()
