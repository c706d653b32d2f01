"""What a click can do."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SendCommand:
    """Send a command over the control socket.

    Attributes:
        name: of the command.
        arguments: by name.
        progress: what to show while the command runs, if it takes long.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    progress: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSetting:
    """Write a setting and use it at once; an empty value restores the default."""

    key: str
    value: str
    progress: str = ""


@dataclass(frozen=True, slots=True)
class StartDaemon:
    """Start the daemon."""


@dataclass(frozen=True, slots=True)
class SetStartAtLogin:
    """Start the daemon and the menu at every login, or stop doing so."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class DismissError:
    """Hide the error of the last click."""


@dataclass(frozen=True, slots=True)
class CopyText:
    """Copy a text to the clipboard."""

    text: str


@dataclass(frozen=True, slots=True)
class QuitMenu:
    """End the menu; the daemon keeps running."""


PresenterAction = SendCommand | ChangeSetting | StartDaemon | SetStartAtLogin | DismissError
"""What the presenter performs."""

MenuAction = PresenterAction | CopyText | QuitMenu
"""What a click can do; the toolkit performs ``CopyText`` and ``QuitMenu``."""
