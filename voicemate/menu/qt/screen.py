"""Finds out whether this desktop can show an icon in a tray, with a helper process: ``python -m … .screen``.

Qt aborts the process if there is no display or if a library is missing, so the test runs in another process.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from voicemate.core.errors import MenuError

INSTALL = f"Install it with `{sys.executable} -m pip install PySide6-Essentials`"

_TRAY, _NO_TRAY = "a tray", "no tray"
_TIMEOUT_S = 60.0
"""Enough for Qt's first start on a busy machine."""


def require_tray(environ: Mapping[str, str] = os.environ) -> None:
    """Raise an error unless an icon can be shown now. Takes half a second.

    Raises:
        MenuError: what is missing, and how to fix it.
    """
    require_screen(environ)
    error = interpret_probe(*_run_probe())
    if error:
        raise error


def require_screen(environ: Mapping[str, str] = os.environ) -> None:
    """Raise an error unless an icon may be shown now or later.

    Raises:
        MenuError: there is no display, or Qt is not installed.
    """
    if find_spec("PySide6") is None or find_spec("PySide6.QtWidgets") is None:
        raise MenuError("The menu needs PySide6, which is not installed", INSTALL)
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        raise MenuError(
            "There is no display (DISPLAY and WAYLAND_DISPLAY are not set)",
            "Run it in a graphical session; in a terminal use `voicemate status` and the other commands",
        )


def interpret_probe(code: int, out: str, err: str) -> MenuError | None:
    """Interpret the result of the helper process; None if an icon can be shown. Pure.

    Args:
        code: its exit code; negative if a signal ended it.
        out: its standard output.
        err: its standard error.
    """
    if code == 0 and out.strip() == _TRAY:
        return None
    if code == 0:
        return MenuError(
            "This desktop has no tray for icons",
            "On GNOME install the extension AppIndicator; with a bare window manager start a tray such as trayer",
        )
    if "could not connect to display" in err:
        return MenuError("The display cannot be reached", "Run it in the graphical session of your own account")
    library = next((line for line in err.splitlines() if "needed to load" in line or ".so" in line), "")
    if library:
        return MenuError(
            f"A library that Qt needs is missing ({library.strip().rstrip('.')})",
            "On Debian and Ubuntu: `sudo apt install libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 "
            "libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libdbus-1-3`",
        )
    reason = (err.strip().splitlines() or [f"it ended with {code}"])[-1]
    return MenuError(f"Qt cannot start ({reason})", "Run it in a graphical session")


def _run_probe() -> tuple[int, str, str]:
    """Run the helper process; returns its exit code, output and errors."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, "", f"it took longer than {_TIMEOUT_S:.0f} s"
    return done.returncode, done.stdout, done.stderr


def _probe() -> None:
    from PySide6.QtWidgets import QSystemTrayIcon

    from voicemate.menu.qt.tray import create_application

    app = create_application()
    print(_TRAY if QSystemTrayIcon.isSystemTrayAvailable() else _NO_TRAY)
    app.quit()


if __name__ == "__main__":
    _probe()
