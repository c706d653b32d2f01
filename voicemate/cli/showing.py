"""``voicemate menu``: the icon in the menu bar or tray, and what its errands do on this machine."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicemate.errors import AlreadyRunningError

if TYPE_CHECKING:
    from voicemate.desktop.companion import Companion
    from voicemate.desktop.known import Trouble
    from voicemate.desktop.menu import Menu


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
    from voicemate.conversation.instance import only_instance
    from voicemate.places import runtime_folder

    run = _in_menu_bar() if sys.platform == "darwin" else _in_tray(wait=at_login)
    try:
        with only_instance(runtime_folder() / "menu.lock"):
            run(_companion)
    except AlreadyRunningError:
        raise AlreadyRunningError("The menu is shown already", "Look for its icon among the others") from None


Run = Callable[[Callable[[Callable[["Menu"], None]], "Companion"]], None]


def _in_tray(wait: bool) -> Run:
    from voicemate.desktop.qt import screen

    screen.require_screen() if wait else screen.require_tray()
    from voicemate.desktop.qt import tray

    return tray.run


def _in_menu_bar() -> Run:
    from voicemate.desktop.appkit import appkit, run

    kit = appkit()
    return lambda make: run(make, kit)


def _companion(show: "Callable[[Menu], None]") -> "Companion":
    from voicemate.desktop.companion import Companion

    return Companion(show, OnThisMachine())


class OnThisMachine:
    """The menu's errands."""

    def start(self) -> None:
        """As `voicemate start` does."""
        from voicemate.cli.running import start

        start(no_wait=True)

    def why_down(self) -> "Trouble | None":
        from voicemate.desktop.known import Trouble
        from voicemate.errors import ServiceError
        from voicemate.service.login import login_service
        from voicemate.service.outcome import last_failure

        try:
            failure = last_failure() if login_service().installed else None
        except ServiceError:  # nothing here starts services
            failure = None
        return Trouble(failure.wrong, failure.remedy) if failure else None

    def starts_at_login(self) -> bool:
        from voicemate.service.login import login_service

        return login_service().starts_at_login()

    def start_at_login(self, on: bool) -> None:
        from voicemate.service.interpreter import this_interpreter
        from voicemate.service.login import login_service

        login_service().start_at_login(on, this_interpreter())
        show_at_login(on)


def show_at_login(on: bool, rehearse: Callable[[str], None] | None = None) -> None:
    """Have the menu shown from the next login on, if it can be shown on this machine; or not any more.

    Args:
        rehearse: do nothing, and tell this instead.

    Raises:
        DesktopError: the file that says so cannot be written or removed.
    """
    from voicemate.desktop import autostart
    from voicemate.service.app_host import AppHost
    from voicemate.service.interpreter import this_interpreter

    path = autostart.entry_path(sys.platform, Path.home())
    if on and sys.platform != "darwin" and find_spec("PySide6") is None:
        return
    if not on and not path.exists():
        return
    if rehearse:
        rehearse(f"{'write ' if on else 'remove'}  {path}")
    elif not on:
        autostart.take_away(path)
    elif sys.platform == "darwin":  # the host has its environment written down
        autostart.put(path, autostart.entry(sys.platform, (str(AppHost(Path.home()).executable), *_WORDS), {}))
    else:
        this = this_interpreter()
        autostart.put(path, autostart.entry(sys.platform, (*this.command, *_WORDS), this.environment))


_WORDS = ("menu", "--at-login")
