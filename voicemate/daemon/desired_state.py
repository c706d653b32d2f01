"""What is wanted of the daemon now."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from voicemate.config.schema import Settings
from voicemate.push_to_talk.key import MicrophoneKey
from voicemate.system.circumstances import MachineState, reason_to_suspend


@dataclass(slots=True)
class DesiredState:
    """Written by what the daemon is told, read by what keeps the conversation up. Lives on one loop.

    Attributes:
        key: push-to-talk.
        overrides: settings of the command line, by dotted key.
        greet: the character is to greet when it next listens.
        listening: the microphone may be open without the key.
        speaking: so many texts are to be said or asked.
        stop: the daemon is to end.
        news: something of this has changed.
        circumstances: what the machine is in, which may be a reason to pause.
    """

    key: MicrophoneKey
    overrides: dict[str, Any] = field(default_factory=dict)
    greet: bool = True
    listening: bool = True
    muted: bool = False
    pending_speech: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    machine: MachineState = field(default_factory=MachineState)

    def wants_microphone(self, settings: Settings) -> bool:
        """Whether it is to be open."""
        hands_free = not self.sleep_reason(settings) and settings.push_to_talk.hands_free
        return hands_free or self.key.down or self.key.warm

    def sleep_reason(self, settings: Settings) -> str:
        """Why nobody is listened to without the key; empty when somebody is."""
        if not self.listening:
            return "told not to listen"
        pause = reason_to_suspend(self.machine, settings.suspend)
        return f"paused: {pause}" if pause else ""
