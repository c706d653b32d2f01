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

from voicemate.config import Settings, load
from voicemate.control.client import Client, Told
from voicemate.control.status import Status
from voicemate.conversation.history import HistoryReader, history_file
from voicemate.conversation.history.database import belonging
from voicemate.desktop import choices
from voicemate.desktop.actions import Action, Change, Command, Dismiss, Start, StartAtLogin
from voicemate.desktop.following import Following
from voicemate.desktop.known import Choices, Exchange, Known, Login, Trouble
from voicemate.desktop.menu import Menu, menu
from voicemate.errors import ControlError, HistoryError, NotRunningError, SettingsError, VoicemateError
from voicemate.settings_file import as_toml, set_value, unset

log = logging.getLogger(__name__)

_CHANGE_S = 180.0
"""Until nobody speaks and a change is made: a character has to be read by the model, on a busy machine."""

_FRESH_S = 10.0
"""What was looked up this recently is not looked up again when the menu opens."""


class Errands(Protocol):
    """What the menu has done on this machine. Every method blocks and may raise a ``VoicemateError``."""

    def start(self) -> None:
        """Start the daemon."""
        ...

    def why_down(self) -> Trouble | None:
        """Why the daemon does not run, where it said so."""
        ...

    def starts_at_login(self) -> bool: ...

    def start_at_login(self, on: bool) -> None:
        """Start the daemon and the menu at every login from now on, or not."""
        ...


class Companion:
    """What is known, the menu made of it, and what its clicks ask for.

    Args:
        show: gets every new menu, from any thread.
        errands: done in threads.
        look_up: see ``choices.look_up``.
        connect: makes a client of the daemon.
    """

    def __init__(
        self,
        show: Callable[[Menu], None],
        errands: Errands,
        look_up: Callable[[str], Choices] = choices.look_up,
        connect: Callable[[], Client] = Client,
    ):
        self._show = show
        self._errands = errands
        self._look_up = look_up
        self._connect = connect
        self._lock = threading.Lock()
        self._known = Known(mac=sys.platform == "darwin")
        self._shown: Menu | None = None
        self._looked_up = float("-inf")
        self._choices_for = ""  # the persona whose voices were looked up
        self._history_read: object = None  # as it was then; reading it again costs a check of all of it
        self._following = Following(self._told, self._happened, connect)

    def begin(self) -> None:
        """Show the menu from now on."""
        self._read_settings()
        self._following.begin()
        self.opening()

    def end(self) -> None:
        """Show nothing more."""
        self._following.end()

    def opening(self) -> None:
        """The menu is about to be opened: what is not told by events is looked up again."""
        self._following.try_now()
        history = _mark_of_history(), self._known.settings.menu.exchanges
        if history != self._history_read:
            self._history_read = history
            self._learn(exchanges=())  # they may have been forgotten
            _in_background(self._read_exchanges)
        with self._lock:
            fresh = time.monotonic() - self._looked_up < _FRESH_S
            self._looked_up = self._looked_up if fresh else time.monotonic()
        if not fresh:
            _in_background(self._read_choices)
            _in_background(self._read_login)

    def do(self, action: Action) -> None:
        """What a click asked for; ``Copy`` and ``Quit`` are the toolkit's own affair."""
        match action:
            case Dismiss():
                self._learn(trouble=None)
            case Start():
                self._have_done(self._start, "Starting voicemate …")
            case Command():
                self._have_done(lambda: self._command(action), action.doing)
            case Change():
                self._have_done(lambda: self._change(action), action.doing)
            case StartAtLogin(on=on):
                self._have_done(lambda: self._start_at_login(on), "Asking the system …")

    # ------------------------------------------------------------ what is known

    def _learn(self, **news: Any) -> None:
        with self._lock:
            self._known = replace(self._known, **news)
            drawn = menu(self._known)
            if drawn != self._shown:
                self._shown = drawn
                self._show(drawn)

    def _told(self, status: Status | None, down: Trouble | None) -> None:
        unreachable = down is not None
        if status is None and not unreachable:
            down = self._errands.why_down()
        self._learn(status=status, down=down, unreachable=unreachable)
        if status and status.persona != self._choices_for:
            _in_background(self._read_choices)

    def _happened(self, told: Told) -> None:
        if told.kind == "StatusChanged":
            self._read_settings()

    def _read_settings(self) -> None:
        try:
            settings = load()
        except SettingsError:  # the daemon tells
            settings = Settings()
        self._learn(settings=settings)

    def _read_exchanges(self) -> None:
        wanted = self._known.settings.menu.exchanges
        try:
            self._learn(exchanges=last_exchanges(wanted) if wanted else ())
        except HistoryError:  # the daemon tells, if it cannot write it either
            self._learn(exchanges=())

    def _read_choices(self) -> None:
        status = self._known.status
        persona = self._choices_for = status.persona if status else self._known.settings.persona
        found = self._look_up(persona)
        if persona == self._choices_for:  # else another one is being looked up
            self._learn(choices=found)

    def _read_login(self) -> None:
        try:
            self._learn(login=Login(self._errands.starts_at_login()))
        except VoicemateError as error:
            self._learn(login=Login(None, error.wrong))

    # ------------------------------------------------------------ what is done

    def _have_done(self, work: Callable[[], None], doing: str) -> None:
        """Do ``work`` in the background; what comes of it is shown."""
        self._learn(doing=doing or self._known.doing, trouble=None)

        def told() -> None:
            trouble = None
            try:
                work()
            except VoicemateError as error:
                trouble = Trouble(error.wrong, error.remedy)
            except Exception as error:  # a mistake of ours: it is told, and nothing is under way any more
                log.exception("a click could not be carried out")
                trouble = Trouble(f"That failed ({type(error).__name__})", "Try it with the command of that name")
            still = self._known.doing if self._known.doing != doing else ""
            self._learn(doing=still, trouble=trouble)

        _in_background(told)

    def _start(self) -> None:
        self._errands.start()
        self._following.try_now()

    def _start_at_login(self, on: bool) -> None:
        try:
            self._errands.start_at_login(on)
        finally:
            self._read_login()

    def _command(self, command: Command) -> None:
        try:
            with self._connect() as client:
                client.call(command.name, _CHANGE_S, **dict(command.arguments))
        except ControlError as error:
            if (command.name, error.code) != ("stop", "ended"):  # that is what was asked for
                raise

    def _change(self, change: Change) -> None:
        if change.value:
            set_value(change.key, as_toml(change.value))
        else:
            unset(change.key)
        self._read_settings()
        try:
            self._command(Command("reload"))
        except NotRunningError:  # it is used at the next start
            pass


def _mark_of_history() -> tuple[tuple[int, int], ...]:
    """Another one whenever something was written to the history, or forgotten."""
    files = [file for file in belonging(history_file()) if not file.name.endswith("-shm")]
    found = []
    for file in files:
        with suppress(FileNotFoundError):  # SQLite takes the log away
            known = file.stat()
            found.append((known.st_mtime_ns, known.st_size))
    return tuple(found)


def last_exchanges(most: int) -> tuple[Exchange, ...]:
    """The last things said and answered, oldest first, from the history on this machine.

    Raises:
        HistoryError: it cannot be read.
    """
    with HistoryReader() as history:
        return tuple(Exchange(turn.persona, turn.said, turn.reply) for turn in history.recent(most))


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="menu errand", daemon=True).start()
