"""A desktop of our own: a window manager (openbox), a tray (trayer), and a hand that clicks (xdotool)."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from voicemate.testing.x11_display import x11_display

PROGRAMS = ("Xvfb", "openbox", "trayer", "xdotool")

_TRAYER = "trayer --edge top --align right --widthtype request --height 32 --heighttype pixel --SetDockType true"


def missing() -> str:
    """What keeps the tests of this folder from running; empty for nothing."""
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    if absent:
        return f"`scripts/setup.sh test` installs what is missing: {', '.join(absent)}"
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        return f"PySide6 cannot be used: {error}"
    return ""


class Desktop:
    """An X server with a window manager and, unless it is not wanted, a tray. A context manager.

    Attributes:
        environment: all variables of a program that uses this screen, and no other desktop's.
    """

    def __init__(self, tray: bool = True):
        self._tray = tray
        self._ending = contextlib.ExitStack()
        self.environment: dict[str, str] = {}

    def __enter__(self) -> "Desktop":
        with self._ending as ending:
            self._folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="screen-")))
            others = ("QT_QPA_PLATFORM", "QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME", "XAUTHORITY")
            self.environment = {name: value for name, value in os.environ.items() if name not in others}
            self.environment |= ending.enter_context(x11_display()).environment
            self.environment |= {
                "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self._folder}/none",
                "HOME": str(self._folder),
            }
            self._run(ending, "openbox", "--sm-disable")
            wait_until(lambda: self._answers("get_num_desktops"), "the window manager is there")
            if self._tray:
                self._run(ending, *_TRAYER.split())
                wait_until(lambda: self._answers("search", "--class", "trayer"), "the tray is there")
            self._ending = ending.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.close()

    def click(self, x: int, y: int, button: int = 1) -> None:
        """A person's click: the pointer goes there, the button goes down and up."""
        command = ["xdotool", "mousemove", str(x), str(y), "click", str(button)]
        subprocess.run(command, env=self.environment, capture_output=True, check=True, timeout=20)

    def has_icon(self) -> bool:
        """voicemate has a window on the screen; with its menu closed, that is the icon."""
        return self._answers("search", "--onlyvisible", "--class", "voicemate")

    def _run(self, ending: contextlib.ExitStack, *command: str) -> None:
        nowhere = subprocess.DEVNULL
        process = subprocess.Popen(command, env=self.environment, stdin=nowhere, stdout=nowhere, stderr=nowhere)
        ending.enter_context(ended(process))

    def _answers(self, *words: str) -> bool:
        done = subprocess.run(["xdotool", *words], env=self.environment, capture_output=True, check=False)
        return done.returncode == 0


@contextlib.contextmanager
def ended(process: subprocess.Popen):  # type: ignore[type-arg]
    """The process for the block's time."""
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until(holds: Callable[[], bool], what: str, patience_s: float = 90) -> None:
    """Look again and again; time in which this process did not run does not count."""
    for _ in range(int(patience_s / _LOOK_S)):
        if holds():
            return
        time.sleep(_LOOK_S)
    raise TimeoutError(f"waited {patience_s:.0f} s in vain until {what}")


_LOOK_S = 0.05
