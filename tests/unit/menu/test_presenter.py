"""The menu watches a daemon on a real socket and performs clicks, without a toolkit."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.control.recording_target import STATUS
from tests.unit.menu.menu_states import find_item, status
from tests.unit.menu.recording_daemon import RecordingDaemon
from voicemate.config.loader import load, settings_file
from voicemate.control.client import ControlClient
from voicemate.control.status import Choice, Choices, RecentExchange
from voicemate.core.errors import ServiceError, VoicemateError
from voicemate.core.events import Fault, FloorChanged, FloorState
from voicemate.history import HistoryReader, HistoryWriter, delete_all
from voicemate.menu.actions import ChangeSetting, DismissError, SendCommand, SetStartAtLogin, StartDaemon
from voicemate.menu.icon import Icon
from voicemate.menu.menu_model import Menu
from voicemate.menu.menu_state import MenuProblem
from voicemate.menu.presenter import MenuPresenter


@dataclass
class RecordingActions:
    """Records the actions; ``error`` makes them fail."""

    done: list[str] = field(default_factory=list)
    failure: MenuProblem | None = None
    error: VoicemateError | None = None
    at_login: bool = False

    def start_daemon(self) -> None:
        self.done.append("start")

    def last_failure(self) -> MenuProblem | None:
        return self.failure

    def starts_at_login(self) -> bool:
        if self.error:
            raise self.error
        return self.at_login

    def set_start_at_login(self, enabled: bool) -> None:
        self.at_login = enabled


class ScriptedClient(ControlClient):
    """Reads choices that depend on the persona only, and the history of this account."""

    def choices(self) -> Choices:
        return Choices(voices=(Choice("v", f"A voice for {self.status().persona}"),))

    def recent_exchanges(self, count: int) -> tuple[RecentExchange, ...]:
        with HistoryReader() as history:
            return tuple(RecentExchange(turn.persona, turn.said, turn.reply) for turn in history.recent(count))


class OtherStatus:
    """The status of another version."""

    def model_dump(self, mode: str) -> dict[str, int]:
        return {"version": 2}


class Shown:
    """The menus that are shown, in order."""

    def __init__(self, actions: RecordingActions):
        self._menus: queue.Queue[Menu] = queue.Queue()
        self.presenter = MenuPresenter(self._menus.put, actions, ScriptedClient)

    def until(self, holds: Callable[[Menu], bool]) -> Menu:
        """Return the first menu from now on for which ``holds`` is true."""
        while True:
            shown = self._menus.get(timeout=30)
            if holds(shown):
                return shown

    def until_icon(self, icon: Icon) -> Menu:
        return self.until(lambda shown: shown.icon is icon)

    def until_line(self, line: str) -> Menu:
        return self.until(lambda shown: any(one.label == line for one in shown.items))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def actions() -> RecordingActions:
    return RecordingActions()


@pytest.fixture
def shown(actions: RecordingActions) -> Iterator[Shown]:
    found = Shown(actions)
    found.presenter.start()
    yield found
    found.presenter.stop()


def test_it_reconnects_when_the_daemon_restarts(shown: Shown) -> None:
    shown.until_icon(Icon.NOT_RUNNING)
    for _ in range(2):
        with RecordingDaemon() as daemon:
            shown.until_icon(Icon.LISTENING)
            daemon.emit(FloorChanged(1, FloorState.HEARING))
            shown.until_icon(Icon.HEARING)
        shown.until_icon(Icon.NOT_RUNNING)


def test_it_shows_what_other_clients_change(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        daemon.set_status(status(muted=True))
        shown.presenter.perform(SendCommand("mute", (("on", True),)))
        shown.until_icon(Icon.MUTED)
        assert daemon.conversation.commands == [("mute", True)]


def test_a_fault_is_shown(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        daemon.emit(Fault(1, "microphone", "The microphone is gone", "Connect it"))
        shown.until_line("⚠ The microphone is gone")


def test_an_action_that_fails_shows_an_error_that_can_be_dismissed(shown: Shown) -> None:
    with RecordingDaemon():
        shown.until_icon(Icon.LISTENING)
        shown.presenter.perform(SendCommand("persona", (("name", "nobody"),), "Changing to nobody …"))
        shown.until_line("Changing to nobody …")
        failed = shown.until_line("⚠ There is no persona nobody")
        assert find_item(failed, "⚠ There is no persona nobody", "Dismiss").action == DismissError()
        shown.presenter.perform(DismissError())
        shown.until_icon(Icon.LISTENING)


def test_a_choice_is_written_to_the_settings_and_the_daemon_reloads_them(shown: Shown) -> None:
    with RecordingDaemon():
        shown.until_icon(Icon.LISTENING)
        shown.presenter.perform(ChangeSetting("audio.input", '"Quoted" microphone'))
        shown.until(lambda menu: '"Quoted" microphone' in str(find_item(menu, "Microphone")))
        assert load().audio.input == '"Quoted" microphone'
        shown.presenter.perform(ChangeSetting("audio.input", ""))
        shown.until(lambda menu: find_item(menu, "Microphone").items[0].checked is True)
        assert "input" not in settings_file().read_text()


def test_a_choice_is_written_without_a_daemon(shown: Shown) -> None:
    shown.until_icon(Icon.NOT_RUNNING)
    shown.presenter.perform(ChangeSetting("tts.voice", "Samantha", "Changing the voice …"))
    shown.until_line("Changing the voice …")
    shown.until_line("voicemate is not running")
    assert load().tts.voice == "Samantha"


def test_stop(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        shown.presenter.perform(SendCommand("stop", (), "Stopping …"))
        shown.until_line("Stopping …")
        shown.until_icon(Icon.LISTENING)
        assert daemon.conversation.commands == [("stop",)]


def test_start_and_start_at_login(shown: Shown, actions: RecordingActions) -> None:
    shown.until(lambda menu: find_item(menu, "Start at login").action == SetStartAtLogin(True))
    shown.presenter.perform(SetStartAtLogin(True))
    shown.until(lambda menu: find_item(menu, "Start at login").checked is True)
    shown.presenter.perform(StartDaemon())
    shown.until_line("Starting voicemate …")
    shown.until_line("voicemate is not running")
    assert actions.done == ["start"]


def test_a_daemon_of_another_version_is_reported(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        daemon.set_status(OtherStatus())  # type: ignore[arg-type]
        shown.presenter.perform(SendCommand("reload"))
        menu = shown.until_line("voicemate cannot be reached")
        assert find_item(menu, "⚠ The daemon has another version")


def test_a_bug_in_an_action_is_reported_and_ends_the_progress(shown: Shown, actions: RecordingActions) -> None:
    def start() -> None:
        raise ZeroDivisionError

    actions.start_daemon = start  # type: ignore[method-assign]
    shown.presenter.perform(StartDaemon())
    shown.until_line("Starting voicemate …")
    menu = shown.until_line("⚠ That failed (ZeroDivisionError)")
    assert menu.items[0].label == "voicemate is not running"


def test_the_reason_why_nothing_can_start_at_login_is_shown(actions: RecordingActions) -> None:
    actions.error = ServiceError("No systemd runs here", "Use the desktop's autostart")
    shown = Shown(actions)
    shown.presenter.start()
    shown.until_line("Start at login (No systemd runs here)")
    shown.presenter.stop()


def test_the_reason_of_a_failed_service_is_shown(actions: RecordingActions) -> None:
    actions.failure = MenuProblem("It ended: no model", "Fetch one")
    shown = Shown(actions)
    shown.presenter.start()
    shown.until_line("⚠ It ended: no model")
    shown.presenter.stop()


def test_the_voices_are_those_of_the_persona(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until(lambda menu: "A voice for juniper" in str(menu))
        daemon.set_status(STATUS.model_copy(update={"persona": "xiaolan", "character": "小兰"}))
        shown.presenter.perform(SendCommand("reload"))
        shown.until(lambda menu: "A voice for xiaolan" in str(menu))


def test_the_recent_exchanges_are_read_when_the_menu_opens(shown: Shown) -> None:
    with RecordingDaemon():
        shown.until_icon(Icon.LISTENING)
        history = HistoryWriter()
        history.start_session("Juniper", {"hearing": "h"})
        history.start_turn(1, "How are you?", "en")
        history.finish_turn(1, "Very well.", False)
        history.close()
        shown.presenter.on_menu_opening()
        menu = shown.until(lambda menu: "Very well." in str(menu))
        assert [one.label for one in find_item(menu, "Recent exchanges").items] == [
            "You: How are you?",
            "Juniper: Very well.",
        ]
        delete_all()
        shown.presenter.on_menu_opening()
        shown.until(lambda menu: "Very well." not in str(menu))
