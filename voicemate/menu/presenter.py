"""Keeps the menu up to date and performs what is clicked, for any toolkit. No method blocks.

Slow work runs in threads: watching the daemon, reading the choices, and each click, since a change of the character
may take a while and must not delay `Mute`.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol, assert_never

from voicemate.config.editor import set_setting, to_toml, unset_setting
from voicemate.config.loader import load
from voicemate.config.schema import Settings
from voicemate.control.client import ControlClient, EventMessage
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import ControlError, NotRunningError, SettingsError, VoicemateError
from voicemate.menu.actions import (
    ChangeSetting,
    DismissError,
    PresenterAction,
    SendCommand,
    SetStartAtLogin,
    StartDaemon,
)
from voicemate.menu.daemon_watcher import DaemonWatcher
from voicemate.menu.menu_model import Menu, build_menu
from voicemate.menu.menu_state import LoginState, MenuProblem, MenuState

log = logging.getLogger(__name__)

_CHANGE_TIMEOUT_S = 180.0
"""Enough until the conversation pauses and a change is made; a busy machine takes long to read a new persona."""

_CACHE_S = 10.0
"""Choices that were read this recently are not read again when the menu opens."""


class LocalActions(Protocol):
    """What the menu does without the daemon. Every method blocks and may raise a ``VoicemateError``."""

    def start_daemon(self) -> None:
        """Start the daemon."""
        ...

    def last_failure(self) -> MenuProblem | None:
        """Return why the daemon is not running, if that is known."""
        ...

    def starts_at_login(self) -> bool:
        """Whether the daemon starts at login."""
        ...

    def set_start_at_login(self, enabled: bool) -> None:
        """Start the daemon and the menu at every login, or stop doing so."""
        ...


class MenuPresenter:
    """Holds the state of the menu, builds the menu, and performs clicks.

    Args:
        show: receives every new menu, from any thread.
        actions: what is done without the daemon; called in threads.
        connect: connects to the daemon.
    """

    def __init__(
        self,
        show: Callable[[Menu], None],
        actions: LocalActions,
        connect: Callable[[], ControlClient] = ControlClient,
    ) -> None:
        self._show = show
        self._actions = actions
        self._connect = connect
        self._lock = threading.Lock()
        self._state = MenuState(is_mac=sys.platform == "darwin")
        self._shown: Menu | None = None
        self._read_at = float("-inf")
        self._choices_for = ""  # the persona whose voices were read
        self._watcher = DaemonWatcher(self._on_status, self._on_event, connect)

    def start(self) -> None:
        """Start to show the menu."""
        self._read_settings()
        self._watcher.start()
        self.on_menu_opening()

    def stop(self) -> None:
        """Stop showing the menu."""
        self._watcher.stop()

    def on_menu_opening(self) -> None:
        """Read again what events do not report. The toolkit calls this before it opens the menu."""
        self._watcher.retry_now()
        _in_background(self._read_exchanges)
        with self._lock:
            fresh = time.monotonic() - self._read_at < _CACHE_S
            self._read_at = self._read_at if fresh else time.monotonic()
        if not fresh:
            _in_background(self._read_choices)
            _in_background(self._read_login)

    def perform(self, action: PresenterAction) -> None:
        """Perform what was clicked."""
        match action:
            case DismissError():
                self._update(action_error=None)
            case StartDaemon():
                self._run_action(self._start_daemon, "Starting voicemate …")
            case SendCommand():
                self._run_action(lambda: self._send_command(action), action.progress)
            case ChangeSetting():
                self._run_action(lambda: self._change_setting(action), action.progress)
            case SetStartAtLogin(enabled=enabled):
                self._run_action(lambda: self._set_start_at_login(enabled), "Asking the system …")
            case _:
                assert_never(action)

    # ------------------------------------------------------------ state

    def _update(self, **changes: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)
            menu = build_menu(self._state)
            if menu != self._shown:
                self._shown = menu
                self._show(menu)

    def _on_status(self, status: DaemonStatus | None, down_reason: MenuProblem | None) -> None:
        unreachable = down_reason is not None
        if status is None and not unreachable:
            down_reason = self._actions.last_failure()
        connected = status is not None and self._state.status is None
        self._update(status=status, down_reason=down_reason, unreachable=unreachable)
        if connected:
            _in_background(self._read_exchanges)
        if status and status.persona != self._choices_for:
            _in_background(self._read_choices)

    def _on_event(self, event: EventMessage) -> None:
        if event.name == "StatusChanged":
            self._read_settings()

    def _read_settings(self) -> None:
        try:
            settings = load()
        except SettingsError:  # the daemon reports it
            settings = Settings()
        self._update(settings=settings)

    def _read_exchanges(self) -> None:
        count = self._state.settings.menu.exchanges
        try:
            with self._connect() as client:
                exchanges = client.recent_exchanges(count) if count else ()
        except (NotRunningError, ControlError):  # the menu shows that, or the daemon reports it
            exchanges = ()
        self._update(exchanges=exchanges)

    def _read_choices(self) -> None:
        status = self._state.status
        if status is None:  # read again as soon as the daemon is running
            return
        persona = self._choices_for = status.persona
        try:
            with self._connect() as client:
                choices = client.choices()
        except (NotRunningError, ControlError):
            return
        if persona == self._choices_for:  # otherwise another thread reads those of another persona
            self._update(choices=choices)

    def _read_login(self) -> None:
        try:
            self._update(login=LoginState(self._actions.starts_at_login()))
        except VoicemateError as error:
            self._update(login=LoginState(None, error.message))

    # ------------------------------------------------------------ actions

    def _run_action(self, work: Callable[[], None], progress: str) -> None:
        """Run ``work`` in a thread and show its progress and its error."""
        self._update(progress=progress or self._state.progress, action_error=None)

        def run() -> None:
            action_error = None
            try:
                work()
            except VoicemateError as error:
                action_error = MenuProblem(error.message, error.hint)
            except Exception as error:  # a bug: show it, and end the progress
                log.exception("a click failed")
                action_error = MenuProblem(f"That failed ({type(error).__name__})", "Try the command of that name")
            still = self._state.progress if self._state.progress != progress else ""
            self._update(progress=still, action_error=action_error)

        _in_background(run)

    def _start_daemon(self) -> None:
        self._actions.start_daemon()
        self._watcher.retry_now()

    def _set_start_at_login(self, enabled: bool) -> None:
        try:
            self._actions.set_start_at_login(enabled)
        finally:
            self._read_login()

    def _send_command(self, command: SendCommand) -> None:
        try:
            with self._connect() as client:
                client.call(command.name, _CHANGE_TIMEOUT_S, **dict(command.arguments))
        except ControlError as error:
            if (command.name, error.code) != ("stop", "ended"):  # `stop` ends the daemon as intended
                raise

    def _change_setting(self, change: ChangeSetting) -> None:
        if change.value:
            set_setting(change.key, to_toml(change.value))
        else:
            unset_setting(change.key)
        self._read_settings()
        try:
            self._send_command(SendCommand("reload"))
        except NotRunningError:  # the next start uses it
            pass


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="menu", daemon=True).start()
