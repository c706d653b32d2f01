"""The variables that tell of the desktop session.

A service that is started at login is there before the desktop is, and is never told of it. The service manager is
(desktops import their variables into it), so it is asked.
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
    """This process's own variables, or those of the session where this process is a service from before it. Blocks.

    Args:
        ask: gives what the service manager has, a line for each variable.
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
