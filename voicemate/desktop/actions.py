"""What a click can ask for: requests to the daemon, settings, errands on this machine, and what the toolkit does."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Command:
    """A request over the control socket.

    Attributes:
        arguments: of the request, by name.
        doing: what is under way meanwhile, for commands that take long.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...] = ()
    doing: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting to write down and use at once; an empty value is its default."""

    key: str
    value: str
    doing: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """Start the daemon."""


@dataclass(frozen=True, slots=True)
class StartAtLogin:
    """Start the daemon and the menu at every login, or not."""

    on: bool


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Show no more what the last click led to."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Put a text on the clipboard."""

    text: str


@dataclass(frozen=True, slots=True)
class Quit:
    """End the menu; the daemon goes on."""


Action = Command | Change | Start | StartAtLogin | Dismiss | Copy | Quit
