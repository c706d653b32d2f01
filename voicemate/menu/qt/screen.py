"""Whether this machine can show an icon in a tray; found out by a helper process, ``python -m … .screen``.

Qt ends the whole process where there is no display, or where a library of it is missing: better a helper's than ours.
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
"""For Qt's first start on a busy machine."""


def require_tray(environ: Mapping[str, str] = os.environ) -> None:
    """That an icon can be shown now. Takes half a second.

    Raises:
        DesktopError: what is missing, and the way out.
    """
    require_screen(environ)
    wrong = interpret_probe(*_run_probe())
    if wrong:
        raise wrong


def require_screen(environ: Mapping[str, str] = os.environ) -> None:
    """That there may be one sooner or later.

    Raises:
        DesktopError: there is no display, or Qt is not installed.
    """
    if find_spec("PySide6") is None or find_spec("PySide6.QtWidgets") is None:
        raise MenuError("The menu needs PySide6, which is not installed", INSTALL)
    if not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        raise MenuError(
            "There is no display here (DISPLAY and WAYLAND_DISPLAY are not set)",
            "Run it in a graphical session; `voicemate status` and its like do the same in a terminal",
        )


def interpret_probe(code: int, out: str, err: str) -> MenuError | None:
    """What the helper's end means; None when all is well. Pure.

    Args:
        code: its exit code; negative when a signal ended it.
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
    said = (err.strip().splitlines() or [f"it ended with {code}"])[-1]
    return MenuError(f"Qt cannot start here ({said})", "Run it in a graphical session")


def _run_probe() -> tuple[int, str, str]:
    """Exit code, output and complaints of the helper."""
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
