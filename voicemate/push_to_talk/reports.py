"""What whoever watches the key tells of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voicemate.core.errors import HotkeyError


@dataclass(frozen=True, slots=True)
class ChordRegistered:
    """The chord is ours: the key is watched from now on."""


@dataclass(frozen=True, slots=True)
class ChordPressed:
    """The chord was pressed."""


@dataclass(frozen=True, slots=True)
class ChordReleased:
    """Its key came up again, or must have."""


@dataclass(frozen=True, slots=True)
class ListenerFailed:
    """It cannot be watched, or not any more. The last report of a watch."""

    error: HotkeyError


ChordEvent = ChordRegistered | ChordPressed | ChordReleased | ListenerFailed
ChordEventCallback = Callable[[ChordEvent], None]
"""Takes a report, in a thread of the watch's own, and returns at once."""


class ChordListener(Protocol):
    """Watches one chord from ``start`` to ``stop``. Every ``Down`` is followed by an ``Up`` or ``Broken``."""

    def start(self) -> None:
        """Begin; what comes of it is told by reports. Returns at once."""
        ...

    def stop(self) -> None:
        """Give the chord back; nothing is told any more when this returns. May take some tenths of a second."""
        ...
