"""What the machine is in, and whether that is a reason to pause. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from voicemate.config.schema import SuspendSettings


class Told(StrEnum):
    """What a system tells of its own life."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SLEEPS = "sleeps"
    WOKE = "woke"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the machine is in now.

    Attributes:
        locked: its screen is.
        asleep: it is about to sleep, or has not said yet that it woke.
        battery: percent that are left, while nothing charges it; None on the wall and where nobody knows.
    """

    locked: bool = False
    asleep: bool = False
    battery: float | None = None

    def after(self, told: Told) -> "Circumstances":
        match told:
            case Told.LOCKED | Told.UNLOCKED:
                return replace(self, locked=told is Told.LOCKED)
            case Told.SLEEPS | Told.WOKE:
                return replace(self, asleep=told is Told.SLEEPS)


def reason_to_pause(now: Circumstances, settings: SuspendSettings) -> str:
    """Why the microphone is to be closed now, in a few words; empty when there is no reason."""
    if now.asleep:
        return "the computer sleeps"
    if now.locked and settings.when_locked:
        return "the screen is locked"
    if now.battery is not None and now.battery < settings.battery_below:
        return f"the battery is below {settings.battery_below}%"
    return ""
