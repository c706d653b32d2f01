"""The menu follows a daemon on a real socket, and does what is clicked; no toolkit is near."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.control.noted import STATUS
from tests.unit.menu.menu_states import find_item, status
from tests.unit.menu.recording_daemon import RecordingDaemon
from voicemate.config.schema import load, settings_file
from voicemate.control.status import Choice, Choices
from voicemate.core.errors import ServiceError, VoicemateError
from voicemate.core.events import Fault, FloorChanged, FloorState
from voicemate.history import HistoryWriter, delete_all
from voicemate.menu.actions import ChangeSetting, DismissError, SendCommand, SetStartAtLogin, StartDaemon
from voicemate.menu.icon import Icon
from voicemate.menu.menu_model import Menu
from voicemate.menu.menu_state import MenuProblem
from voicemate.menu.presenter import MenuPresenter


@dataclass
class RecordingActions:
    """Notes its errands; ``wrong`` is what keeps them from being done."""

    done: list[str] = field(default_factory=list)
    down: MenuProblem | None = None
    wrong: VoicemateError | None = None
    at_login: bool = False

    def start_daemon(self) -> None:
        self.done.append("start")

    def last_failure(self) -> MenuProblem | None:
        return self.down

    def starts_at_login(self) -> bool:
        if self.wrong:
            raise self.wrong
        return self.at_login

    def set_start_at_login(self, enabled: bool) -> None:
        self.at_login = enabled


def _look_up(persona: str) -> Choices:
    return Choices(voices=(Choice("v", f"A voice for {persona}"),))


class OtherStatus:
    """What another version says of itself."""

    def model_dump(self, mode: str) -> dict[str, int]:
        return {"version": 2}


class Shown:
    """What is shown, in order."""

    def __init__(self, errands: RecordingActions):
        self._menus: queue.Queue[Menu] = queue.Queue()
        self.companion = MenuPresenter(self._menus.put, errands, _look_up)

    def until(self, holds: Callable[[Menu], bool]) -> Menu:
        """The first menu from now on that is as expected."""
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
def errands() -> RecordingActions:
    return RecordingActions()


@pytest.fixture
def shown(errands: RecordingActions) -> Iterator[Shown]:
    found = Shown(errands)
    found.companion.start()
    yield found
    found.companion.stop()


def test_it_follows_the_daemon_through_its_end_and_a_new_beginning(shown: Shown) -> None:
    shown.until_icon(Icon.NOT_RUNNING)
    for _ in range(2):
        with RecordingDaemon() as daemon:
            shown.until_icon(Icon.LISTENING)
            daemon.emit(FloorChanged(1, FloorState.HEARING))
            shown.until_icon(Icon.HEARING)
        shown.until_icon(Icon.NOT_RUNNING)


def test_it_learns_of_what_others_do(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        daemon.set_status(status(muted=True))
        shown.companion.perform(SendCommand("mute", (("on", True),)))
        shown.until_icon(Icon.MUTED)
        assert daemon.conversation.commands == [("mute", True)]


def test_a_fault_is_shown(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        daemon.emit(Fault(1, "microphone", "The microphone is gone", "Connect it"))
        shown.until_line("⚠ The microphone is gone")


def test_a_click_that_fails_is_told_and_can_be_dismissed(shown: Shown) -> None:
    with RecordingDaemon():
        shown.until_icon(Icon.LISTENING)
        shown.companion.perform(SendCommand("persona", (("name", "nobody"),), "Changing to nobody …"))
        shown.until_line("Changing to nobody …")
        failed = shown.until_line("⚠ There is no persona nobody")
        assert find_item(failed, "⚠ There is no persona nobody", "Dismiss").action == DismissError()
        shown.companion.perform(DismissError())
        shown.until_icon(Icon.LISTENING)


def test_a_choice_is_written_down_and_the_daemon_is_told(shown: Shown) -> None:
    with RecordingDaemon():
        shown.until_icon(Icon.LISTENING)
        shown.companion.perform(ChangeSetting("audio.input", '"Quoted" microphone'))
        shown.until(lambda menu: '"Quoted" microphone' in str(find_item(menu, "Microphone")))
        assert load().audio.input == '"Quoted" microphone'
        shown.companion.perform(ChangeSetting("audio.input", ""))
        shown.until(lambda menu: find_item(menu, "Microphone").items[0].checked is True)
        assert "input" not in settings_file().read_text()


def test_a_choice_is_kept_when_no_daemon_runs(shown: Shown) -> None:
    shown.until_icon(Icon.NOT_RUNNING)
    shown.companion.perform(ChangeSetting("tts.voice", "Samantha", "Changing the voice …"))
    shown.until_line("Changing the voice …")
    shown.until_line("voicemate is not running")
    assert load().tts.voice == "Samantha"


def test_stop(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        shown.companion.perform(SendCommand("stop", (), "Stopping …"))
        shown.until_line("Stopping …")
        shown.until_icon(Icon.LISTENING)
        assert daemon.conversation.commands == [("stop",)]


def test_start_and_start_at_login(shown: Shown, errands: RecordingActions) -> None:
    shown.until(lambda menu: find_item(menu, "Start at login").action == SetStartAtLogin(True))
    shown.companion.perform(SetStartAtLogin(True))
    shown.until(lambda menu: find_item(menu, "Start at login").checked is True)
    shown.companion.perform(StartDaemon())
    shown.until_line("Starting voicemate …")
    shown.until_line("voicemate is not running")
    assert errands.done == ["start"]


def test_a_daemon_of_another_version_is_said(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until_icon(Icon.LISTENING)
        daemon.set_status(OtherStatus())  # type: ignore[arg-type]
        shown.companion.perform(SendCommand("reload"))
        menu = shown.until_line("voicemate cannot be reached")
        assert find_item(menu, "⚠ The daemon is of another version")


def test_a_mistake_of_ours_is_told_and_leaves_nothing_under_way(shown: Shown, errands: RecordingActions) -> None:
    def start() -> None:
        raise ZeroDivisionError

    errands.start_daemon = start  # type: ignore[method-assign]
    shown.companion.perform(StartDaemon())
    shown.until_line("Starting voicemate …")
    menu = shown.until_line("⚠ That failed (ZeroDivisionError)")
    assert menu.items[0].label == "voicemate is not running"


def test_why_nothing_can_be_started_at_login_is_said(errands: RecordingActions) -> None:
    errands.wrong = ServiceError("No systemd runs here", "Use the desktop's autostart")
    shown = Shown(errands)
    shown.companion.start()
    shown.until_line("Start at login (No systemd runs here)")
    shown.companion.stop()


def test_why_the_service_is_down_is_said(errands: RecordingActions) -> None:
    errands.down = MenuProblem("It ended: no model", "Fetch one")
    shown = Shown(errands)
    shown.companion.start()
    shown.until_line("⚠ It ended: no model")
    shown.companion.stop()


def test_the_voices_are_those_for_the_character(shown: Shown) -> None:
    with RecordingDaemon() as daemon:
        shown.until(lambda menu: "A voice for juniper" in str(menu))
        daemon.set_status(STATUS.model_copy(update={"persona": "xiaolan", "character": "小兰"}))
        shown.companion.perform(SendCommand("reload"))
        shown.until(lambda menu: "A voice for xiaolan" in str(menu))


def test_the_last_exchanges_are_read_when_the_menu_opens_and_what_is_forgotten_is_gone(shown: Shown) -> None:
    with RecordingDaemon():
        shown.until_icon(Icon.LISTENING)
        history = HistoryWriter()
        history.start_session("Juniper", {"hearing": "h"})
        history.start_turn(1, "How are you?", "en")
        history.finish_turn(1, "Very well.", False)
        history.close()
        shown.companion.on_menu_opening()
        menu = shown.until(lambda menu: "Very well." in str(menu))
        assert [one.label for one in find_item(menu, "Last said").items] == [
            "You: How are you?",
            "Juniper: Very well.",
        ]
        delete_all()
        shown.companion.on_menu_opening()
        shown.until(lambda menu: "Very well." not in str(menu))
