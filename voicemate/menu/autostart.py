"""Starts the menu at login: with an XDG autostart entry on Linux, or a LaunchAgent on macOS.

Neither restarts the menu when the user quits it. So a file is sufficient, and no service manager is involved.
"""

import os
import plistlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from voicemate.core.errors import MenuError

LABEL = "dev.voicemate.menu"


def entry_path(platform: str, home: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path where the desktop looks for the entry.

    Args:
        platform: a value of ``sys.platform``.
        home: the user's home folder.
        environ: may name another configuration folder.
    """
    if platform == "darwin":
        return home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    config = environ.get("XDG_CONFIG_HOME", "")
    return (Path(config) if os.path.isabs(config) else home / ".config") / "autostart" / "voicemate-menu.desktop"


def entry(platform: str, command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """Return the content of the entry.

    Args:
        platform: a value of ``sys.platform``.
        command: the command that shows the menu.
        environment: variables for that command.
    """
    return _launch_agent(command, environment) if platform == "darwin" else _desktop_entry(command, environment)


def write_entry(path: Path, data: bytes) -> None:
    """Write the entry, which shows the menu from the next login on.

    Raises:
        DesktopError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:
        raise MenuError(f"{path} cannot be written: {error.strerror}", "Make its folder writable") from None


def remove_entry(path: Path) -> None:
    """Remove the entry, if there is one.

    Raises:
        DesktopError: the file cannot be removed.
    """
    try:
        with suppress(FileNotFoundError):
            path.unlink()
    except OSError as error:
        raise MenuError(f"{path} cannot be removed: {error.strerror}", "Remove it by hand") from None


def _desktop_entry(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    words = [*(("env", *(f"{name}={value}" for name, value in environment.items())) if environment else ()), *command]
    text = f"""\
[Desktop Entry]
Type=Application
Name=voicemate menu
Comment=Written by voicemate when it was set to start at login
Exec={" ".join(map(_quote, words))}
Terminal=false
"""
    return text.encode()


def _quote(word: str) -> str:
    """Quote ``word`` as an argument of ``Exec``, as in "The Exec key" of the Desktop Entry Specification 1.5."""
    for character in '\\"`$':
        word = word.replace(character, f"\\{character}")
    word = word.replace("\\", "\\\\").replace("%", "%%")
    for character, escaped in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        word = word.replace(character, escaped)
    return f'"{word}"'


def _launch_agent(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    agent: dict[str, object] = {
        "Label": LABEL,
        "AssociatedBundleIdentifiers": ["dev.voicemate.agent"],
        "ProgramArguments": list(command),
        "RunAtLoad": True,
        "ProcessType": "Interactive",
        "LimitLoadToSessionType": "Aqua",
    }
    if environment:
        agent["EnvironmentVariables"] = dict(environment)
    return plistlib.dumps(agent, sort_keys=False)
