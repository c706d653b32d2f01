"""The state of the machine, and whether it is a reason to suspend the conversation. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum

from voicemate.config.schema import SuspendSettings


class SystemEvent(StrEnum):
    """An event that the operating system reports."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    SLEEPING = "sleeps"
    WOKE = "woke"


@dataclass(frozen=True, slots=True)
class MachineState:
    """The current state of the machine.

    Attributes:
        locked: the screen is locked.
        asleep: it is about to sleep, or has not reported yet that it woke.
        battery_percent: what is left while on battery; None on mains power or where unknown.
    """

    locked: bool = False
    asleep: bool = False
    battery_percent: float | None = None

    def after(self, event: SystemEvent) -> "MachineState":
        """Return the state after ``event``."""
        match event:
            case SystemEvent.LOCKED | SystemEvent.UNLOCKED:
                return replace(self, locked=event is SystemEvent.LOCKED)
            case SystemEvent.SLEEPING | SystemEvent.WOKE:
                return replace(self, asleep=event is SystemEvent.SLEEPING)


def reason_to_suspend(machine: MachineState, settings: SuspendSettings) -> str:
    """Return why the microphone must be closed now, in a few words; empty if there is no reason."""
    if machine.asleep:
        return "the computer sleeps"
    if machine.locked and settings.when_locked:
        return "the screen is locked"
    if machine.battery_percent is not None and machine.battery_percent < settings.battery_below:
        return f"the battery is below {settings.battery_below}%"
    return ""
