"""What shows the menu at login: an XDG autostart entry on Linux, a LaunchAgent on macOS.

Neither supervises the menu: it ends when its person says so, and is there again at the next login. So a file is all
it takes, and nobody has to be told of it.
"""

import os
import plistlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from voicemate.core.errors import MenuError

LABEL = "dev.voicemate.menu"


def entry_path(platform: str, home: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the desktop looks for it.

    Args:
        platform: as ``sys.platform`` has it.
    """
    if platform == "darwin":
        return home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    config = environ.get("XDG_CONFIG_HOME", "")
    return (Path(config) if os.path.isabs(config) else home / ".config") / "autostart" / "voicemate-menu.desktop"


def entry(platform: str, command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """What is in it.

    Args:
        command: shows the menu.
        environment: variables of that command.
    """
    return _launch_agent(command, environment) if platform == "darwin" else _desktop_entry(command, environment)


def write_entry(path: Path, data: bytes) -> None:
    """Show the menu at the next login.

    Raises:
        DesktopError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        draft.write_bytes(data)
        os.replace(draft, path)
    except OSError as error:
        raise MenuError(f"{path} cannot be written: {error.strerror}", "Make its folder yours to write") from None


def remove_entry(path: Path) -> None:
    """Show it at login no more.

    Raises:
        DesktopError: the file cannot be removed.
    """
    try:
        with suppress(FileNotFoundError):
            path.unlink()
    except OSError as error:
        raise MenuError(f"{path} cannot be removed: {error.strerror}", "Remove it yourself") from None


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
    """``word`` as an argument of ``Exec``: quoted for the command line, and that escaped once more, as the Desktop
    Entry Specification 1.5 has it ("The Exec key")."""
    for letter in '\\"`$':
        word = word.replace(letter, f"\\{letter}")
    word = word.replace("\\", "\\\\").replace("%", "%%")
    for letter, escaped in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        word = word.replace(letter, escaped)
    return f'"{word}"'


def _launch_agent(command: Sequence[str], environment: Mapping[str, str]) -> bytes:
    agent = {
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
