"""The desktop session (Linux): display, tray and D-Bus. A conversation works without any of them."""

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
    """The desktop session.

    Attributes:
        display: its name in the environment, such as ``:0`` or ``wayland-0``; empty if there is none.
        display_answers: the display accepts connections.
        has_bus: the environment names a session D-Bus, or one exists at the usual path.
        bus_answers: the session D-Bus accepts connections.
        has_pyside: PySide6, which draws the menu, is installed.
        menu_error: why the menu cannot be shown all the same.
    """

    display: str
    display_answers: bool = True
    has_bus: bool = True
    bus_answers: bool = True
    has_pyside: bool = True
    menu_error: MenuError | None = None


def check_desktop(context: CheckContext) -> Sequence[Finding]:
    """Check the desktop session; no finding on macOS, which always has a menu bar."""
    return [] if context.platform == "darwin" else assess_desktop(_gather_desktop_facts(os.environ))


def assess_desktop(facts: DesktopFacts) -> list[Finding]:
    """Report missing parts. Each costs only the menu, the hotkey or the notifications."""
    if not facts.display:
        message = "There is no display: no menu and no hotkey, but everything else works"
        hint = "Log in to a desktop, or use the commands: `voicemate ptt toggle`, `voicemate status`"
        return [warning(message, hint)]
    found: list[Finding] = []
    if not facts.display_answers:
        message = f"The display {facts.display} does not answer: no menu and no hotkey, but everything else works"
        found.append(warning(message, "Log in to the desktop again, or correct DISPLAY or WAYLAND_DISPLAY"))
    elif facts.menu_error:
        message = f"{facts.menu_error.message}: no menu, but everything else works"
        found.append(warning(message, facts.menu_error.hint))
    if not facts.has_bus or not facts.bus_answers:
        cause = "There is no session D-Bus" if not facts.has_bus else "The session D-Bus does not answer"
        message = f"{cause}: no tray on most desktops, but everything else works"
        found.append(warning(message, "Log in to the desktop (not with su), or `dbus-run-session voicemate menu`"))
    menu = "the menu can be shown (`voicemate menu`)" if facts.has_pyside else f"no menu yet. {INSTALL}"
    return found or [ok(f"Display {facts.display} and D-Bus answer; {menu}")]


def bus_path(environment: Mapping[str, str]) -> str:
    """Return the path of the session D-Bus socket; empty if it is not a Unix socket.

    An abstract socket's path starts with a zero byte. Follows "Server Addresses" of the D-Bus specification; without
    an address it is systemd's default path.
    """
    address = environment.get("DBUS_SESSION_BUS_ADDRESS", "")
    if not address:
        return f"{environment.get('XDG_RUNTIME_DIR') or f'/run/user/{os.getuid()}'}/bus"
    for part in address.split(";"):
        if found := re.match(r"unix:(?:.*,)?(path|abstract)=([^,]+)", part):
            return f"\0{found[2]}" if found[1] == "abstract" else found[2]
    return ""


def display_path(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the display's name and the path of its socket; the path is empty for a display on another machine."""
    if wayland := environment.get("WAYLAND_DISPLAY", ""):
        return wayland, str(Path(environment.get("XDG_RUNTIME_DIR", "")) / wayland)
    display = environment.get("DISPLAY", "")
    found = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", display)
    return display, f"/tmp/.X11-unix/X{found[1]}" if found else ""


def _gather_desktop_facts(environment: Mapping[str, str]) -> DesktopFacts:
    display, display_socket = display_path(environment)
    bus = bus_path(environment)
    has_bus = bool(environment.get("DBUS_SESSION_BUS_ADDRESS")) or os.path.exists(bus)
    display_answers = bool(display) and (not display_socket or can_connect(display_socket))
    has_pyside = find_spec("PySide6") is not None
    menu_error = None
    if display_answers and has_pyside:
        try:
            require_tray(environment)
        except MenuError as error:
            menu_error = error
    return DesktopFacts(display, display_answers, has_bus, has_bus and can_connect(bus), has_pyside, menu_error)


def can_connect(path: str) -> bool:
    """Whether a server accepts connections at the Unix socket ``path``."""
    abstract = f"\0{path}" if path.startswith("/tmp/.X11-unix/") else path
    for address in dict.fromkeys((path, abstract)):  # X servers listen in both name spaces, or in one
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_CONNECT_TIMEOUT_S)
            try:
                connection.connect(address)
            except (OSError, ValueError):
                continue
            return True
    return False
