"""What a click can ask for: requests to the daemon, settings, errands on this machine, and what the toolkit does."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SendCommand:
    """A request over the control socket.

    Attributes:
        arguments: of the request, by name.
        doing: what is under way meanwhile, for commands that take long.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    progress: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSetting:
    """A setting to write down and use at once; an empty value is its default."""

    key: str
    value: str
    progress: str = ""


@dataclass(frozen=True, slots=True)
class StartDaemon:
    """Start the daemon."""


@dataclass(frozen=True, slots=True)
class SetStartAtLogin:
    """Start the daemon and the menu at every login, or not."""

    enabled: bool


@dataclass(frozen=True, slots=True)
class DismissError:
    """Show no more what the last click led to."""


@dataclass(frozen=True, slots=True)
class CopyText:
    """Put a text on the clipboard."""

    text: str


@dataclass(frozen=True, slots=True)
class QuitMenu:
    """End the menu; the daemon goes on."""


MenuAction = SendCommand | ChangeSetting | StartDaemon | SetStartAtLogin | DismissError | CopyText | QuitMenu
