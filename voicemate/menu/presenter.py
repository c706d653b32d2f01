"""Keeps the menu up to date and does what is clicked, for whatever toolkit draws it. No call of it blocks.

What takes time is done in threads: following the daemon, looking up choices, and each click in one of its own, since
another character may take a while to be read and `Mute` must not wait for that.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from voicemate.config.editor import set_setting, to_toml, unset_setting
from voicemate.config.schema import Settings, load
from voicemate.control.client import ControlClient, EventMessage
from voicemate.control.status import Choices, DaemonStatus, RecentExchange
from voicemate.core.errors import ControlError, HistoryError, NotRunningError, SettingsError, VoicemateError
from voicemate.daemon.choices import load_choices as load_choices_here
from voicemate.history import HistoryReader, history_file
from voicemate.history.database import database_files
from voicemate.menu.actions import (
    ChangeSetting,
    DismissError,
    MenuAction,
    SendCommand,
    SetStartAtLogin,
    StartDaemon,
)
from voicemate.menu.daemon_watcher import DaemonWatcher
from voicemate.menu.menu_model import Menu, build_menu
from voicemate.menu.menu_state import LoginState, MenuProblem, MenuState

log = logging.getLogger(__name__)

_CHANGE_TIMEOUT_S = 180.0
"""Until nobody speaks and a change is made: a character has to be read by the model, on a busy machine."""

_CACHE_S = 10.0
"""What was looked up this recently is not looked up again when the menu opens."""


class LocalActions(Protocol):
    """What the menu has done on this machine. Every method blocks and may raise a ``VoicemateError``."""

    def start_daemon(self) -> None:
        """Start the daemon."""
        ...

    def last_failure(self) -> MenuProblem | None:
        """Why the daemon does not run, where it said so."""
        ...

    def starts_at_login(self) -> bool: ...

    def set_start_at_login(self, enabled: bool) -> None:
        """Start the daemon and the menu at every login from now on, or not."""
        ...


class MenuPresenter:
    """What is known, the menu made of it, and what its clicks ask for.

    Args:
        show: gets every new menu, from any thread.
        errands: done in threads.
        look_up: see ``daemon.choices.load_choices``.
        connect: makes a client of the daemon.
    """

    def __init__(
        self,
        show: Callable[[Menu], None],
        actions: LocalActions,
        load_choices: Callable[[str], Choices] = load_choices_here,
        connect: Callable[[], ControlClient] = ControlClient,
    ):
        self._show = show
        self._actions = actions
        self._load_choices = load_choices
        self._connect = connect
        self._lock = threading.Lock()
        self._state = MenuState(is_mac=sys.platform == "darwin")
        self._shown: Menu | None = None
        self._choices_read_at = float("-inf")
        self._choices_for = ""  # the persona whose voices were looked up
        self._history_read: object = None  # as it was then; reading it again costs a check of all of it
        self._watcher = DaemonWatcher(self._on_status, self._on_event, connect)

    def start(self) -> None:
        """Show the menu from now on."""
        self._read_settings()
        self._watcher.start()
        self.on_menu_opening()

    def stop(self) -> None:
        """Show nothing more."""
        self._watcher.stop()

    def on_menu_opening(self) -> None:
        """The menu is about to be opened: what is not told by events is looked up again."""
        self._watcher.retry_now()
        history = _history_fingerprint(), self._state.settings.menu.exchanges
        if history != self._history_read:
            self._history_read = history
            self._update(exchanges=())  # they may have been forgotten
            _in_background(self._read_exchanges)
        with self._lock:
            fresh = time.monotonic() - self._choices_read_at < _CACHE_S
            self._choices_read_at = self._choices_read_at if fresh else time.monotonic()
        if not fresh:
            _in_background(self._read_choices)
            _in_background(self._read_login)

    def perform(self, action: MenuAction) -> None:
        """What a click asked for; ``Copy`` and ``Quit`` are the toolkit's own affair."""
        match action:
            case DismissError():
                self._update(trouble=None)
            case StartDaemon():
                self._run_action(self._start_daemon, "Starting voicemate …")
            case SendCommand():
                self._run_action(lambda: self._send_command(action), action.progress)
            case ChangeSetting():
                self._run_action(lambda: self._change_setting(action), action.progress)
            case SetStartAtLogin(enabled=on):
                self._run_action(lambda: self._set_start_at_login(on), "Asking the system …")

    # ------------------------------------------------------------ what is known

    def _update(self, **news: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **news)
            drawn = build_menu(self._state)
            if drawn != self._shown:
                self._shown = drawn
                self._show(drawn)

    def _on_status(self, status: DaemonStatus | None, down: MenuProblem | None) -> None:
        unreachable = down is not None
        if status is None and not unreachable:
            down = self._actions.last_failure()
        self._update(status=status, down=down, unreachable=unreachable)
        if status and status.persona != self._choices_for:
            _in_background(self._read_choices)

    def _on_event(self, told: EventMessage) -> None:
        if told.name == "StatusChanged":
            self._read_settings()

    def _read_settings(self) -> None:
        try:
            settings = load()
        except SettingsError:  # the daemon tells
            settings = Settings()
        self._update(settings=settings)

    def _read_exchanges(self) -> None:
        wanted = self._state.settings.menu.exchanges
        try:
            self._update(exchanges=recent_exchanges(wanted) if wanted else ())
        except HistoryError:  # the daemon tells, if it cannot write it either
            self._update(exchanges=())

    def _read_choices(self) -> None:
        status = self._state.status
        persona = self._choices_for = status.persona if status else self._state.settings.persona
        found = self._load_choices(persona)
        if persona == self._choices_for:  # else another one is being looked up
            self._update(choices=found)

    def _read_login(self) -> None:
        try:
            self._update(login=LoginState(self._actions.starts_at_login()))
        except VoicemateError as error:
            self._update(login=LoginState(None, error.message))

    # ------------------------------------------------------------ what is done

    def _run_action(self, work: Callable[[], None], doing: str) -> None:
        """Do ``work`` in the background; what comes of it is shown."""
        self._update(doing=doing or self._state.progress, trouble=None)

        def told() -> None:
            trouble = None
            try:
                work()
            except VoicemateError as error:
                trouble = MenuProblem(error.message, error.hint)
            except Exception as error:  # a mistake of ours: it is told, and nothing is under way any more
                log.exception("a click could not be carried out")
                trouble = MenuProblem(f"That failed ({type(error).__name__})", "Try it with the command of that name")
            still = self._state.progress if self._state.progress != doing else ""
            self._update(doing=still, trouble=trouble)

        _in_background(told)

    def _start_daemon(self) -> None:
        self._actions.start_daemon()
        self._watcher.retry_now()

    def _set_start_at_login(self, on: bool) -> None:
        try:
            self._actions.set_start_at_login(on)
        finally:
            self._read_login()

    def _send_command(self, command: SendCommand) -> None:
        try:
            with self._connect() as client:
                client.call(command.name, _CHANGE_TIMEOUT_S, **dict(command.arguments))
        except ControlError as error:
            if (command.name, error.code) != ("stop", "ended"):  # that is what was asked for
                raise

    def _change_setting(self, change: ChangeSetting) -> None:
        if change.value:
            set_setting(change.key, to_toml(change.value))
        else:
            unset_setting(change.key)
        self._read_settings()
        try:
            self._send_command(SendCommand("reload"))
        except NotRunningError:  # it is used at the next start
            pass


def _history_fingerprint() -> tuple[tuple[int, int], ...]:
    """Another one whenever something was written to the history, or forgotten."""
    files = [file for file in database_files(history_file()) if not file.name.endswith("-shm")]
    found = []
    for file in files:
        with suppress(FileNotFoundError):  # SQLite takes the log away
            known = file.stat()
            found.append((known.st_mtime_ns, known.st_size))
    return tuple(found)


def recent_exchanges(most: int) -> tuple[RecentExchange, ...]:
    """The last things said and answered, oldest first, from the history on this machine.

    Raises:
        HistoryError: it cannot be read.
    """
    with HistoryReader() as history:
        return tuple(RecentExchange(turn.persona, turn.said, turn.reply) for turn in history.recent(most))


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="menu errand", daemon=True).start()
