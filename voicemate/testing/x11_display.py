"""An X server without a screen (Xvfb), and key presses on it (xdotool)."""

import contextlib
import os
import select
import shutil
import subprocess
from collections.abc import Generator, Sequence

_TIMEOUT_S = 60.0


def available() -> bool:
    """Return whether the programs are installed (Debian: xvfb, xdotool)."""
    return all(shutil.which(program) for program in ("Xvfb", "xdotool", "setxkbmap"))


class X11Display:
    """A running X server.

    Attributes:
        name: as in ``DISPLAY``.
        environment: the variables with which a program uses it, and detects no other desktop.
    """

    def __init__(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        self.name = name
        self.environment = {"DISPLAY": name, "XDG_SESSION_TYPE": "x11", "WAYLAND_DISPLAY": ""}
        self._process = process

    def keys(self, *words: str) -> None:
        """Run xdotool with ``words``, such as ``keydown``, ``ctrl+alt+space``."""
        subprocess.run(["xdotool", *words], env=os.environ | self.environment, check=True, timeout=_TIMEOUT_S)

    def layout(self, name: str) -> None:
        """Set the keyboard layout, such as ``de``."""
        subprocess.run(["setxkbmap", name], env=os.environ | self.environment, check=True, timeout=_TIMEOUT_S)

    def stop(self) -> None:
        """Stop the server, as a logout does."""
        self._process.terminate()
        self._process.wait(_TIMEOUT_S)


@contextlib.contextmanager
def x11_display(options: Sequence[str] = ()) -> Generator[X11Display]:
    """Run an X server while the body runs.

    Args:
        options: more options of Xvfb.
    """
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1024x768x24", "-nolisten", "tcp", *options]
    with open(reader, "rb", buffering=0) as output:
        process = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        try:
            number = _line(output.fileno())
            yield X11Display(f":{number}", process)
        finally:
            process.terminate()
            process.wait(_TIMEOUT_S)


def _line(descriptor: int) -> str:
    """Return the number of the display, which Xvfb prints when it is ready."""
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], _TIMEOUT_S)
        data = os.read(descriptor, 64) if ready else b""
        if not data:
            raise RuntimeError("Xvfb did not start")
        line += data
    return line.decode().strip()
