"""The menu in a real tray, with real clicks, and what the daemon says after them."""

import pytest

from tests.integration.desktop.tray.scripted_daemon import ScriptedDaemon
from tests.integration.desktop.tray.shown_menu import ShownMenu
from tests.integration.desktop.tray.tray_screen import wait_until
from voicemate.config.loader import load
from voicemate.control.client import ControlClient
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import ModelError

pytestmark = pytest.mark.desktop

LISTENING, MUTED, ATTENTION, NOT_RUNNING, SPEAKING = "#1c8577", "#7a5195", "#d0342c", "#7a7f87", "#2b6cb0"


def status() -> DaemonStatus:
    with ControlClient() as client:
        return client.status()


def colour(menu: ShownMenu) -> str:
    return menu.seen()["icon"]["colour"]


def wait_for_colour(menu: ShownMenu, wanted: str) -> None:
    wait_until(lambda: colour(menu) == wanted, f"the icon is {wanted}")


def test_mute(menu: ShownMenu) -> None:
    with ScriptedDaemon():
        wait_for_colour(menu, LISTENING)
        menu.click("Mute")
        wait_until(lambda: status().muted, "the daemon is muted")
        wait_for_colour(menu, MUTED)
        menu.open()
        assert menu.item("Mute")["checked"]
        assert menu.item("Muted: Juniper hears nothing")["enabled"] is False
        menu.close()
        with ControlClient() as another:
            another.call("mute", on=False)
        wait_for_colour(menu, LISTENING)


def test_another_character(menu: ShownMenu) -> None:
    with ScriptedDaemon():
        wait_for_colour(menu, LISTENING)
        menu.click("Character", "Ambrose")
        wait_until(lambda: status().character == "Ambrose", "one talks to Ambrose")
        assert load().persona == "ambrose", "it is kept for the next start"
        menu.open()
        menu.item("Ambrose is listening")


def test_another_microphone_and_back_to_the_default(menu: ShownMenu) -> None:
    with ScriptedDaemon():
        wait_for_colour(menu, LISTENING)
        menu.click("Microphone", "Jabra Evolve2 65 & Dongle")
        wait_until(lambda: load().audio.input == "Jabra Evolve2 65 & Dongle", "it is in the settings")
        wait_until(lambda: status().state == "listening", "the daemon uses it")
        menu.click("Microphone", "The system's default")
        wait_until(lambda: load().audio.input == "", "it is not in the settings any more")


def test_another_voice(menu: ShownMenu) -> None:
    with ScriptedDaemon():
        wait_for_colour(menu, LISTENING)
        menu.click("Voice", "English (America)")
        wait_until(lambda: load().tts.voice == "gmw/en-us", "it is in the settings")


def test_the_character_can_be_silenced(menu: ShownMenu) -> None:
    with ScriptedDaemon(), ControlClient() as client:
        wait_for_colour(menu, LISTENING)
        client.send("ask", text="tell me everything")
        wait_for_colour(menu, SPEAKING)
        menu.click("Stop speaking")
        wait_for_colour(menu, LISTENING)


def test_what_is_wrong_is_shown_with_the_way_out(menu: ShownMenu) -> None:
    with ScriptedDaemon() as daemon:
        wait_for_colour(menu, LISTENING)
        daemon.shelf.missing = ModelError("The model is gone", "Fetch it with `voicemate models pull starter`")
        menu.click("Character", "Ambrose")
        wait_for_colour(menu, ATTENTION)
        menu.open()
        menu.click_item("⚠ The model is gone")
        assert menu.item("Fetch it with")["enabled"] is False
        assert menu.item("Copy “voicemate models pull starter”")["enabled"]
        daemon.shelf.missing = None
        menu.click_item("Try again now")
        wait_until(lambda: status().state == "listening", "it listens")
        menu.open()
        menu.item("Ambrose is listening")


def test_the_daemon_ends_and_begins_again(menu: ShownMenu) -> None:
    wait_for_colour(menu, NOT_RUNNING)
    menu.click("Start voicemate")
    wait_until(lambda: menu.seen()["done"] == ["start"], "it is started")
    with ScriptedDaemon():
        wait_for_colour(menu, LISTENING)
        menu.click("Stop voicemate")
        wait_for_colour(menu, NOT_RUNNING)
    with ScriptedDaemon():
        wait_for_colour(menu, LISTENING)


def test_start_at_login(menu: ShownMenu) -> None:
    menu.click("Start at login")
    wait_until(lambda: menu.seen()["done"] == ["at login True"], "the system is asked for it")
    menu.open()
    assert menu.item("Start at login")["checked"]


def test_quit(menu: ShownMenu) -> None:
    with ScriptedDaemon():
        wait_for_colour(menu, LISTENING)
        menu.open()
        menu.click_item("Quit this menu")
        wait_until(menu.has_ended, "the menu has ended")
        assert status().state == "listening", "the daemon goes on"
