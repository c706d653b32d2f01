"""An X server without a screen of its own (Xvfb), and fingers on its keyboard (xdotool)."""

import contextlib
import os
import select
import shutil
import subprocess
from collections.abc import Iterator, Sequence

_PATIENCE_S = 60.0


def available() -> bool:
    """The programs are there (Debian: xvfb, xdotool)."""
    return all(shutil.which(program) for program in ("Xvfb", "xdotool", "setxkbmap"))


class X11Display:
    """A running X server.

    Attributes:
        name: as in ``DISPLAY``.
        environment: the variables with which a program uses it, and believes in no other desktop.
    """

    def __init__(self, name: str, process: "subprocess.Popen[bytes]"):
        self.name = name
        self.environment = {"DISPLAY": name, "XDG_SESSION_TYPE": "x11", "WAYLAND_DISPLAY": ""}
        self._process = process

    def keys(self, *words: str) -> None:
        """Have xdotool do something, such as ``keydown``, ``ctrl+alt+space``; returns when the server knows."""
        subprocess.run(["xdotool", *words], env=os.environ | self.environment, check=True, timeout=_PATIENCE_S)

    def layout(self, name: str) -> None:
        """Another keyboard layout, such as ``de``."""
        subprocess.run(["setxkbmap", name], env=os.environ | self.environment, check=True, timeout=_PATIENCE_S)

    def stop(self) -> None:
        """The server goes away, as when somebody logs out."""
        self._process.terminate()
        self._process.wait(_PATIENCE_S)


@contextlib.contextmanager
def x11_display(options: Sequence[str] = ()) -> Iterator[X11Display]:
    """An X server for as long as the body runs.

    Args:
        options: further ones of Xvfb.
    """
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1024x768x24", "-nolisten", "tcp", *options]
    with open(reader, "rb", buffering=0) as told:
        process = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        try:
            number = _line(told.fileno())
            yield X11Display(f":{number}", process)
        finally:
            process.terminate()
            process.wait(_PATIENCE_S)


def _line(descriptor: int) -> str:
    """What Xvfb says when it is ready: the number of its display."""
    said = b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], _PATIENCE_S)
        some = os.read(descriptor, 64) if ready else b""
        if not some:
            raise RuntimeError("Xvfb did not start")
        said += some
    return said.decode().strip()
