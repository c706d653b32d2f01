"""The desktop around it (Linux): display, D-Bus and tray. voicemate works the same without any of them."""

import os
import re
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Finding, ok, warning

_BUS_S = 3.0

_TRAY = "org.kde.StatusNotifierWatcher"
"""The D-Bus name that a desktop with a tray owns (freedesktop's StatusNotifierItem)."""


@dataclass(frozen=True, slots=True)
class DesktopFacts:
    """Attributes:
    display: what the environment names, such as ``:0`` or ``wayland-0``; "" for none.
    display_answers: somebody listens there.
    bus: the environment names a D-Bus of the session, or it lies where it usually does.
    bus_answers: somebody listens there.
    tray: the desktop shows tray icons; None when that cannot be asked.
    """

    display: str
    display_answers: bool = True
    bus: bool = True
    bus_answers: bool = True
    tray: bool | None = None


def look(ground: Ground) -> Sequence[Finding]:
    """Nothing on macOS, where there is always a menu bar."""
    return [] if ground.platform == "darwin" else judge(_desktop(os.environ))


def judge(facts: DesktopFacts) -> list[Finding]:
    """A missing part costs the menu bar, the hotkey or the notifications, and nothing else."""
    found = []
    if not facts.display:
        told = "There is no display here: no menu bar and no hotkey, and all else works"
        return [warning(told, "Log in to a desktop, or use the commands: `voicemate ptt toggle`, `voicemate status`")]
    if not facts.display_answers:
        told = f"The display {facts.display} does not answer: no menu bar and no hotkey, and all else works"
        found.append(warning(told, "Log in to the desktop anew, or correct DISPLAY or WAYLAND_DISPLAY"))
    if not facts.bus or not facts.bus_answers:
        how = "No D-Bus of the session is to be found" if not facts.bus else "The session's D-Bus does not answer"
        told = f"{how}: no notifications, no tray on most desktops, and all else works"
        found.append(warning(told, "Log in to the desktop (not with su), or `dbus-run-session voicemate start`"))
    elif facts.tray is False:
        told = "The desktop has no tray: no menu bar, and all else works"
        found.append(warning(told, "On GNOME, `sudo apt install gnome-shell-extension-appindicator` and log in anew"))
    return found or [ok(f"Display {facts.display} and D-Bus answer{', and there is a tray' if facts.tray else ''}")]


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
    answers = named and _connects(bus)
    return DesktopFacts(display, not at or _connects(at), named, answers, _has_tray() if answers else None)


def _connects(path: str) -> bool:
    abstract = f"\0{path}" if path.startswith("/tmp/.X11-unix/") else path
    for one in dict.fromkeys((path, abstract)):  # X servers listen in both name spaces, or in one
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(_BUS_S)
            try:
                trial.connect(one)
            except (OSError, ValueError):
                continue
            return True
    return False


def _has_tray() -> bool | None:
    query = (
        "call",
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "NameHasOwner",
        "s",
        _TRAY,
    )
    try:
        done = subprocess.run(
            ["busctl", "--user", *query], capture_output=True, text=True, timeout=_BUS_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"b true": True, "b false": False}.get(done.stdout.strip()) if done.returncode == 0 else None
