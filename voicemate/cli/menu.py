"""``voicemate menu``: the icon in the menu bar or tray."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemate.cli.render.output import print_note
from voicemate.core.errors import AlreadyRunningError, ServiceError

if TYPE_CHECKING:
    from voicemate.menu.menu_model import Menu
    from voicemate.menu.menu_state import MenuProblem
    from voicemate.menu.presenter import MenuPresenter

_MENU_ARGUMENTS = ("menu", "--at-login")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command(rich_help_panel="Daemon")(menu)


def menu(
    at_login: Annotated[
        bool, typer.Option("--at-login", hidden=True, help="Wait for a tray if there is none yet.")
    ] = False,
) -> None:
    """Show an icon in the menu bar or tray, with a menu that controls voicemate.

    It runs until you choose Quit in it. voicemate works without it; if voicemate is not running, the menu offers to
    start it. Problems are shown with hints. Character, voice, microphone and speaker can be chosen. The recent
    exchanges come from the history on this machine (`voicemate config set menu.exchanges 0` hides them).

    On Linux this needs PySide6 and a desktop with a tray. `Start at login` in the menu, or
    `voicemate service install`, starts both the daemon and the menu at every login.
    """
    from voicemate.app.single_instance import single_instance
    from voicemate.core.paths import runtime_folder

    run = _menu_bar_runner() if sys.platform == "darwin" else _tray_runner(wait=at_login)
    try:
        with single_instance(runtime_folder() / "menu.lock"):
            run(_make_presenter)
    except AlreadyRunningError:
        raise AlreadyRunningError(
            "The menu is already running", "Look for its icon in the menu bar or tray"
        ) from None


MenuRunner = Callable[[Callable[[Callable[["Menu"], None]], "MenuPresenter"]], None]
"""Shows a menu until the user quits it, given the function that makes its presenter."""


def _tray_runner(wait: bool) -> MenuRunner:
    from voicemate.menu.qt import screen

    if wait:
        screen.require_screen()
    else:
        screen.require_tray()
    from voicemate.menu.qt import tray

    return tray.run


def _menu_bar_runner() -> MenuRunner:
    from voicemate.menu.appkit import load_appkit, run

    kit = load_appkit()
    return lambda make_presenter: run(make_presenter, kit)


def _make_presenter(show: "Callable[[Menu], None]") -> "MenuPresenter":
    from voicemate.menu.presenter import MenuPresenter

    return MenuPresenter(show, LocalMenuActions())


class LocalMenuActions:
    """What the menu does on this machine without the daemon."""

    def start_daemon(self) -> None:
        """Start the daemon, as `voicemate start` does."""
        from voicemate.daemon.launcher import start_daemon

        start_daemon([], print_note)

    def last_failure(self) -> "MenuProblem | None":
        """Return why the login service last failed, if it is installed."""
        from voicemate.menu.menu_state import MenuProblem
        from voicemate.service.failure import last_failure
        from voicemate.service.login import login_service

        try:
            failure = last_failure() if login_service().installed else None
        except ServiceError:  # this account cannot have a service
            failure = None
        return MenuProblem(failure.message, failure.hint) if failure else None

    def starts_at_login(self) -> bool:
        """Whether the login service starts at login."""
        from voicemate.service.login import login_service

        return login_service().starts_at_login()

    def set_start_at_login(self, enabled: bool) -> None:
        """Start the login service and the menu at every login, or stop doing so."""
        from voicemate.service.interpreter import this_interpreter
        from voicemate.service.login import login_service

        login_service().start_at_login(enabled, this_interpreter())
        set_menu_at_login(enabled)


def set_menu_at_login(enabled: bool, dry_run: Callable[[str], None] | None = None) -> None:
    """Show the menu from the next login on, if this machine can show it; or stop doing so.

    Args:
        enabled: whether to show it.
        dry_run: receives what would be done, instead of doing it.

    Raises:
        MenuError: the autostart entry cannot be written or removed.
    """
    from voicemate.menu import autostart
    from voicemate.service.interpreter import this_interpreter
    from voicemate.service.launchd.app_host import AppHost

    path = autostart.entry_path(sys.platform, Path.home())
    if enabled and sys.platform != "darwin" and find_spec("PySide6") is None:
        return
    if not enabled and not path.exists():
        return
    if dry_run:
        dry_run(f"{'write ' if enabled else 'remove'}  {path}")
    elif not enabled:
        autostart.remove_entry(path)
    elif sys.platform == "darwin":  # Voicemate.app sets its environment itself
        executable = str(AppHost(Path.home()).executable)
        autostart.write_entry(path, autostart.entry(sys.platform, (executable, *_MENU_ARGUMENTS), {}))
    else:
        interpreter = this_interpreter()
        command = (*interpreter.command, *_MENU_ARGUMENTS)
        autostart.write_entry(path, autostart.entry(sys.platform, command, interpreter.environment))
