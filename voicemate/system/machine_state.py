"""What the machine is in, and whether that is a reason to pause. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from voicemate.config.schema import SuspendSettings


class SystemEvent(StrEnum):
    """What a system tells of its own life."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SLEEPING = "sleeps"
    WOKE = "woke"


@dataclass(frozen=True, slots=True)
class MachineState:
    """What the machine is in now.

    Attributes:
        locked: its screen is.
        asleep: it is about to sleep, or has not said yet that it woke.
        battery: percent that are left, while nothing charges it; None on the wall and where nobody knows.
    """

    locked: bool = False
    asleep: bool = False
    battery_percent: float | None = None

    def after(self, event: SystemEvent) -> "MachineState":
        match event:
            case SystemEvent.LOCKED | SystemEvent.UNLOCKED:
                return replace(self, locked=event is SystemEvent.LOCKED)
            case SystemEvent.SLEEPING | SystemEvent.WOKE:
                return replace(self, asleep=event is SystemEvent.SLEEPING)


def reason_to_suspend(machine: MachineState, settings: SuspendSettings) -> str:
    """Why the microphone is to be closed now, in a few words; empty when there is no reason."""
    if machine.asleep:
        return "the computer sleeps"
    if machine.locked and settings.when_locked:
        return "the screen is locked"
    if machine.battery_percent is not None and machine.battery_percent < settings.battery_below:
        return f"the battery is below {settings.battery_below}%"
    return ""
