"""The environment variables of the desktop session.

A service that starts at login starts before the desktop and does not get its variables. Desktops import them into
the service manager, so they are queried there.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping

VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_SESSION_TYPE")
_COMMAND = ("systemctl", "--user", "show-environment")
_TIMEOUT_S = 3.0


def desktop_environment(
    environ: Mapping[str, str] = os.environ, query_service_manager: Callable[[], str] | None = None
) -> Mapping[str, str]:
    """Return this process's variables, with those of the session if this process is a service. Blocks.

    Args:
        environ: this process's variables.
        query_service_manager: returns the service manager's variables, one per line.
    """
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("VOICEMATE_SERVICE") != "systemd":
        return environ
    lines = (query_service_manager or _query_systemd)().splitlines()
    pairs = (line.partition("=") for line in lines)
    return {**environ, **{name: value for name, _, value in pairs if name in VARIABLES}}


def _query_systemd() -> str:
    if shutil.which(_COMMAND[0]) is None:
        return ""
    try:
        done = subprocess.run(_COMMAND, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
