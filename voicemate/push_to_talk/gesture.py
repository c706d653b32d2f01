"""What pressing the chord means: hold, toggle, and a tap that interrupts. Pure.

With ``hold`` the person speaks while the chord is held; a tap while the character speaks stops it and does nothing
else. With ``toggle`` one press begins the turn and the next one ends it; a press while the character speaks stops it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

KeyMode = Literal["hold", "toggle"]


class KeyAction(Enum):
    """What the key does."""

    PRESS = "press"  # the person takes the floor
    RELEASE = "release"  # their turn is over
    INTERRUPT = "interrupt"  # the character stops, and nobody has the floor


@dataclass(frozen=True, slots=True)
class ChordPress:
    """A press of the chord.

    Attributes:
        at_ms: when, on the loop's clock.
        over_character: the character spoke then.
    """

    at_ms: float
    over_character: bool


def action_on_press(mode: KeyMode, character_speaks: bool, key_is_down: bool) -> KeyAction:
    """What a press of the chord does.

    Args:
        key_is_down: from an earlier press of the chord, or by a command.
    """
    if mode == "hold":
        return KeyAction.PRESS
    if key_is_down:
        return KeyAction.RELEASE
    return KeyAction.INTERRUPT if character_speaks else KeyAction.PRESS


def action_on_release(mode: KeyMode, press: ChordPress, at_ms: float, tap_ms: float) -> KeyAction | None:
    """What the release of the chord does.

    Args:
        tap_ms: a shorter press is a tap.
    """
    if mode == "toggle":
        return None
    is_tap = at_ms - press.at_ms < tap_ms
    return KeyAction.INTERRUPT if is_tap and press.over_character else KeyAction.RELEASE
