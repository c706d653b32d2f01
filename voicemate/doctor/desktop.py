"""The desktop around it (Linux): display, tray and D-Bus. voicemate works the same without any of them."""

import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from voicemate.desktop.qt.screen import INSTALL, require_tray
from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Finding, ok, warning
from voicemate.errors import DesktopError

_ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class DesktopFacts:
    """Attributes:
    display: what the environment names, such as ``:0`` or ``wayland-0``; "" for none.
    display_answers: somebody listens there.
    bus: the environment names a D-Bus of the session, or it lies where it usually does.
    bus_answers: somebody listens there.
    can_draw: what draws the menu is installed.
    no_menu: why the menu cannot be shown all the same.
    """

    display: str
    display_answers: bool = True
    bus: bool = True
    bus_answers: bool = True
    can_draw: bool = True
    no_menu: DesktopError | None = None


def look(ground: Ground) -> Sequence[Finding]:
    """Nothing on macOS, where there is always a menu bar."""
    return [] if ground.platform == "darwin" else judge(_desktop(os.environ))


def judge(facts: DesktopFacts) -> list[Finding]:
    """A missing part costs the menu, the hotkey or the notifications, and nothing else."""
    if not facts.display:
        told = "There is no display here: no menu and no hotkey, and all else works"
        return [warning(told, "Log in to a desktop, or use the commands: `voicemate ptt toggle`, `voicemate status`")]
    found = []
    if not facts.display_answers:
        told = f"The display {facts.display} does not answer: no menu and no hotkey, and all else works"
        found.append(warning(told, "Log in to the desktop anew, or correct DISPLAY or WAYLAND_DISPLAY"))
    elif facts.no_menu:
        found.append(warning(f"{facts.no_menu.wrong}: no menu, and all else works", facts.no_menu.remedy))
    if not facts.bus or not facts.bus_answers:
        how = "No D-Bus of the session is to be found" if not facts.bus else "The session's D-Bus does not answer"
        told = f"{how}: no tray on most desktops, and all else works"
        found.append(warning(told, "Log in to the desktop (not with su), or `dbus-run-session voicemate menu`"))
    menu = "the menu can be shown (`voicemate menu`)" if facts.can_draw else f"no menu yet. {INSTALL}"
    return found or [ok(f"Display {facts.display} and D-Bus answer; {menu}")]


def bus_path(environment: Mapping[str, str]) -> str:
    """The socket of the session's D-Bus, with a zero byte in front of an abstract one; "" when it is not a socket.

    As the D-Bus specification's "Server Addresses" has it; without an address, where systemd puts it.
    """
    address = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
    if not address:
        return f"{environment.get('XDG_RUNTIME_DIR') or f'/run/user/{os.getuid()}'}/bus"
    for one in address.split(";"):
        if found := re.match(r"unix:(?:.*,)?(path|abstract)=([^,]+)", one):
            return f"\0{found[2]}" if found[1] == "abstract" else found[2]
    return ""


def display_path(environment: Mapping[str, str]) -> tuple[str, str]:
    """The display's name and its socket; the socket is "" for one that is reached by a network."""
    if wayland := environment.get("WAYLAND_DISPLAY", ""):
        return wayland, str(Path(environment.get("XDG_RUNTIME_DIR", "")) / wayland)
    display = environment.get("DISPLAY", "")
    found = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", display)
    return display, f"/tmp/.X11-unix/X{found[1]}" if found else ""


def _desktop(environment: Mapping[str, str]) -> DesktopFacts:
    display, at = display_path(environment)
    bus = bus_path(environment)
    named = bool(environment.get("DBUS_SESSION_BUS_ADDRESS")) or os.path.exists(bus)
    answers, can_draw = bool(display) and (not at or _connects(at)), find_spec("PySide6") is not None
    no_menu = None
    if answers and can_draw:
        try:
            require_tray(environment)
        except DesktopError as error:
            no_menu = error
    return DesktopFacts(display, answers, named, named and _connects(bus), can_draw, no_menu)


def _connects(path: str) -> bool:
    abstract = f"\0{path}" if path.startswith("/tmp/.X11-unix/") else path
    for one in dict.fromkeys((path, abstract)):  # X servers listen in both name spaces, or in one
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(_ANSWER_S)
            try:
                trial.connect(one)
            except (OSError, ValueError):
                continue
            return True
    return False
