"""The state that commands and the machine ask the daemon for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voicemate.config.schema import Settings
from voicemate.system.machine_state import MachineState, reason_to_suspend


@dataclass(frozen=True, slots=True)
class DesiredState:
    """A value that ``Daemon`` replaces and ``Supervisor`` reads.

    Attributes:
        overrides: settings of the command line, by dotted key.
        greetings: that the character has been asked for since the start.
        listening: the microphone may be open without the key.
        muted: nothing is heard, with the microphone open.
        pending_speech: texts that wait to be said or asked.
        stopping: the daemon is to end.
        machine: the state of the machine, which may be a reason to suspend.
    """

    overrides: Mapping[str, Any] = field(default_factory=dict[str, Any])
    greetings: int = 0
    listening: bool = True
    muted: bool = False
    pending_speech: int = 0
    stopping: bool = False
    machine: MachineState = field(default_factory=MachineState)

    def is_asleep(self, settings: Settings) -> bool:
        """Whether the microphone opens for the key only, as a command or the machine wants it."""
        return bool(self.sleep_reason(settings))

    def sleep_reason(self, settings: Settings) -> str:
        """Why the daemon is asleep; empty if it is not."""
        if not self.listening:
            return "told not to listen"
        reason = reason_to_suspend(self.machine, settings.suspend)
        return f"paused: {reason}" if reason else ""

    def is_hands_free(self, settings: Settings) -> bool:
        """Whether the microphone is to be open without the key."""
        return settings.push_to_talk.hands_free and not self.is_asleep(settings)
