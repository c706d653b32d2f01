"""The desktop around it (Linux): display, tray and D-Bus. voicemate works the same without any of them."""

import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from voicemate.core.errors import MenuError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ok, warning
from voicemate.menu.qt.screen import INSTALL, require_tray

_CONNECT_TIMEOUT_S = 3.0


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
    has_bus: bool = True
    bus_answers: bool = True
    has_pyside: bool = True
    menu_error: MenuError | None = None


def check_desktop(ground: CheckContext) -> Sequence[Finding]:
    """Nothing on macOS, where there is always a menu bar."""
    return [] if ground.platform == "darwin" else assess_desktop(_gather_desktop_facts(os.environ))


def assess_desktop(facts: DesktopFacts) -> list[Finding]:
    """A missing part costs the menu, the hotkey or the notifications, and nothing else."""
    if not facts.display:
        told = "There is no display here: no menu and no hotkey, and all else works"
        return [warning(told, "Log in to a desktop, or use the commands: `voicemate ptt toggle`, `voicemate status`")]
    found = []
    if not facts.display_answers:
        told = f"The display {facts.display} does not answer: no menu and no hotkey, and all else works"
        found.append(warning(told, "Log in to the desktop anew, or correct DISPLAY or WAYLAND_DISPLAY"))
    elif facts.menu_error:
        found.append(warning(f"{facts.menu_error.message}: no menu, and all else works", facts.menu_error.hint))
    if not facts.has_bus or not facts.bus_answers:
        how = "No D-Bus of the session is to be found" if not facts.has_bus else "The session's D-Bus does not answer"
        told = f"{how}: no tray on most desktops, and all else works"
        found.append(warning(told, "Log in to the desktop (not with su), or `dbus-run-session voicemate menu`"))
    menu = "the menu can be shown (`voicemate menu`)" if facts.has_pyside else f"no menu yet. {INSTALL}"
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


def _gather_desktop_facts(environment: Mapping[str, str]) -> DesktopFacts:
    display, at = display_path(environment)
    bus = bus_path(environment)
    named = bool(environment.get("DBUS_SESSION_BUS_ADDRESS")) or os.path.exists(bus)
    answers, can_draw = bool(display) and (not at or _can_connect(at)), find_spec("PySide6") is not None
    no_menu = None
    if answers and can_draw:
        try:
            require_tray(environment)
        except MenuError as error:
            no_menu = error
    return DesktopFacts(display, answers, named, named and _can_connect(bus), can_draw, no_menu)


def _can_connect(path: str) -> bool:
    abstract = f"\0{path}" if path.startswith("/tmp/.X11-unix/") else path
    for one in dict.fromkeys((path, abstract)):  # X servers listen in both name spaces, or in one
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(_CONNECT_TIMEOUT_S)
            try:
                trial.connect(one)
            except (OSError, ValueError):
                continue
            return True
    return False
