"""What pressing the key means: hold, toggle, and a tap that interrupts. Pure."""

from enum import Enum
from typing import Literal

KeyMode = Literal["hold", "toggle"]


class KeyAction(Enum):
    """What is to be done about it."""

    PRESS = "press"  # the person takes the floor
    RELEASE = "release"  # their turn is over
    INTERRUPT = "interrupt"  # the character falls silent, and nobody has the floor


class KeyGesture:
    """One key.

    With ``hold`` the person speaks while it is down; a tap while the character speaks silences it and does nothing
    else. With ``toggle`` one press begins the turn and the next one ends it; while the character speaks, a press
    silences it.

    Args:
        mode: ``hold`` or ``toggle``.
        tap_ms: what is shorter is a tap.
    """

    def __init__(self, mode: KeyMode, tap_ms: float):
        self._mode = mode
        self._tap_ms = tap_ms
        self._down_at: float | None = None
        self._over_character = False

    def on_down(self, at_ms: float, character_speaks: bool, key_turn_open: bool) -> KeyAction | None:
        """The key went down.

        Args:
            speaking: the character speaks.
            taken: the person has the floor by the key already (from a press before, or from elsewhere).
        """
        if self._down_at is not None:
            return None
        self._down_at, self._over_character = at_ms, character_speaks
        if self._mode == "hold":
            return KeyAction.PRESS
        if key_turn_open:
            return KeyAction.RELEASE
        return KeyAction.INTERRUPT if character_speaks else KeyAction.PRESS

    def on_up(self, at_ms: float) -> KeyAction | None:
        """The key came up."""
        if self._down_at is None:
            return None
        tap = at_ms - self._down_at < self._tap_ms
        self._down_at = None
        if self._mode == "toggle":
            return None
        return KeyAction.INTERRUPT if tap and self._over_character else KeyAction.RELEASE
