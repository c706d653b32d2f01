"""What pressing the key means: hold, toggle, and a tap that interrupts. Pure."""

from enum import Enum
from typing import Literal

Mode = Literal["hold", "toggle"]


class Act(Enum):
    """What is to be done about it."""

    PRESS = "press"  # the person takes the floor
    RELEASE = "release"  # their turn is over
    INTERRUPT = "interrupt"  # the character falls silent, and nobody has the floor


class Gesture:
    """One key.

    With ``hold`` the person speaks while it is down; a tap while the character speaks silences it and does nothing
    else. With ``toggle`` one press begins the turn and the next one ends it; while the character speaks, a press
    silences it.

    Args:
        mode: ``hold`` or ``toggle``.
        tap_ms: what is shorter is a tap.
    """

    def __init__(self, mode: Mode, tap_ms: float):
        self._mode = mode
        self._tap_ms = tap_ms
        self._down_at: float | None = None
        self._over_character = False

    def down(self, at_ms: float, speaking: bool, taken: bool) -> Act | None:
        """The key went down.

        Args:
            speaking: the character speaks.
            taken: the person has the floor by the key already (from a press before, or from elsewhere).
        """
        if self._down_at is not None:
            return None
        self._down_at, self._over_character = at_ms, speaking
        if self._mode == "hold":
            return Act.PRESS
        if taken:
            return Act.RELEASE
        return Act.INTERRUPT if speaking else Act.PRESS

    def up(self, at_ms: float) -> Act | None:
        """The key came up."""
        if self._down_at is None:
            return None
        tap = at_ms - self._down_at < self._tap_ms
        self._down_at = None
        if self._mode == "toggle":
            return None
        return Act.INTERRUPT if tap and self._over_character else Act.RELEASE
