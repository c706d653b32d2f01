"""``voicemate menu``: the icon in the menu bar or tray, and what its errands do on this machine."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemate.core.errors import AlreadyRunningError

if TYPE_CHECKING:
    from voicemate.menu.menu_model import Menu
    from voicemate.menu.menu_state import MenuProblem
    from voicemate.menu.presenter import MenuPresenter


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Daemon")(menu)


def menu(
    at_login: Annotated[
        bool, typer.Option("--at-login", hidden=True, help="Wait for a tray that is not there yet.")
    ] = False,
) -> None:
    """Show voicemate in the menu bar or tray: an icon for what it does, and a menu to steer it.

    It goes on until you choose Quit in it. voicemate itself neither needs it nor ends with it: where voicemate does
    not run, the menu offers to start it. What is wrong is shown with the way out; characters, voices, microphones
    and loudspeakers can be chosen. The last exchanges are shown from the history on this machine
    (`voicemate config set menu.exchanges 0` hides them).

    On Linux this needs PySide6 and a desktop with a tray; what is missing is said, with the way out. `Start at login`
    in the menu, or `voicemate service install`, has both the daemon and the menu there from the next login on.
    """
    from voicemate.app.single_instance import single_instance
    from voicemate.core.paths import runtime_folder

    run = _menu_bar_runner() if sys.platform == "darwin" else _tray_runner(wait=at_login)
    try:
        with single_instance(runtime_folder() / "menu.lock"):
            run(_make_presenter)
    except AlreadyRunningError:
        raise AlreadyRunningError("The menu is shown already", "Look for its icon among the others") from None


Run = Callable[[Callable[[Callable[["Menu"], None]], "MenuPresenter"]], None]


def _tray_runner(wait: bool) -> Run:
    from voicemate.menu.qt import screen

    screen.require_screen() if wait else screen.require_tray()
    from voicemate.menu.qt import tray

    return tray.run


def _menu_bar_runner() -> Run:
    from voicemate.menu.appkit import load_appkit, run

    kit = load_appkit()
    return lambda make: run(make, kit)


def _make_presenter(show: "Callable[[Menu], None]") -> "MenuPresenter":
    from voicemate.menu.presenter import MenuPresenter

    return MenuPresenter(show, LocalMenuActions())


class LocalMenuActions:
    """The menu's errands."""

    def start_daemon(self) -> None:
        """As `voicemate start` does."""
        from voicemate.cli.daemon import start

        start(no_wait=True)

    def last_failure(self) -> "MenuProblem | None":
        from voicemate.core.errors import ServiceError
        from voicemate.menu.menu_state import MenuProblem
        from voicemate.service.failure import last_failure
        from voicemate.service.login import login_service

        try:
            failure = last_failure() if login_service().installed else None
        except ServiceError:  # nothing here starts services
            failure = None
        return MenuProblem(failure.message, failure.hint) if failure else None

    def starts_at_login(self) -> bool:
        from voicemate.service.login import login_service

        return login_service().starts_at_login()

    def set_start_at_login(self, enabled: bool) -> None:
        from voicemate.service.interpreter import this_interpreter
        from voicemate.service.login import login_service

        login_service().start_at_login(enabled, this_interpreter())
        set_menu_at_login(enabled)


def set_menu_at_login(on: bool, dry_run: Callable[[str], None] | None = None) -> None:
    """Have the menu shown from the next login on, if it can be shown on this machine; or not any more.

    Args:
        rehearse: do nothing, and tell this instead.

    Raises:
        DesktopError: the file that says so cannot be written or removed.
    """
    from voicemate.menu import autostart
    from voicemate.service.interpreter import this_interpreter
    from voicemate.service.launchd.app_host import AppHost

    path = autostart.entry_path(sys.platform, Path.home())
    if on and sys.platform != "darwin" and find_spec("PySide6") is None:
        return
    if not on and not path.exists():
        return
    if dry_run:
        dry_run(f"{'write ' if on else 'remove'}  {path}")
    elif not on:
        autostart.remove_entry(path)
    elif sys.platform == "darwin":  # the host has its environment written down
        autostart.write_entry(
            path, autostart.entry(sys.platform, (str(AppHost(Path.home()).executable), *_MENU_ARGUMENTS), {})
        )
    else:
        this = this_interpreter()
        autostart.write_entry(
            path, autostart.entry(sys.platform, (*this.command, *_MENU_ARGUMENTS), this.environment)
        )


_MENU_ARGUMENTS = ("menu", "--at-login")
