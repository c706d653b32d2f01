"""What a system tells of its devices that come and go."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DevicesChanged:
    """Devices came, went, or changed places.

    Attributes:
        moved: the system's default is another device now, and streams that are open stay on the old one. PulseAudio
            takes streams along by itself; Core Audio does not.
    """

    default_changed: bool = False


class HotplugSource(Protocol):
    """A system's word on its devices."""

    def start(self, on_change: Callable[[DevicesChanged], None]) -> None:
        """Call ``tell`` from any thread, from now on.

        Raises:
            OSError: the system tells us nothing.
        """
        ...

    def close(self) -> None:
        """Tell nothing more."""
        ...
