"""Where the daemon gets what a conversation is made of: this machine's own things, or a test's."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from voicemate.app.conversation import AudioDevices, audio_devices, keep_history
from voicemate.audio.input.silent_microphone import SilentMicrophone
from voicemate.config.schema import Settings, load
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.events import EventStream
from voicemate.daemon.engine_pool import EnginePool
from voicemate.personas.library import LibraryPersona, find
from voicemate.personas.persona import Persona


class EngineLoader(Protocol):
    """See ``EngineShelf``."""

    async def load(self, settings: Settings, persona: Persona) -> Engines: ...

    def start_reloading(self) -> None: ...

    async def reload(self) -> None: ...

    async def unload(self) -> None: ...

    async def close(self) -> None: ...


def read_settings(overrides: dict[str, Any]) -> Settings:
    """The person's settings, with ``overrides`` by dotted key.

    Raises:
        SettingsError: something in them is not allowed.
    """
    return load(overrides)


def full_duplex_devices(settings: Settings) -> AudioDevices:
    """This machine's microphone and loudspeaker."""
    return audio_devices(settings, wait_for_devices=True)


def speaker_only_devices(settings: Settings) -> AudioDevices:
    """This machine's loudspeaker and no microphone: the ears get silence."""
    stage = audio_devices(settings)
    return replace(stage, microphone=SilentMicrophone(stage.clock))


@dataclass(frozen=True, slots=True)
class ConversationFactory:
    """The parts, each by the function that makes it."""

    settings: Callable[[dict[str, Any]], Settings] = read_settings
    persona: Callable[[str], LibraryPersona] = find
    engines: EngineLoader = field(default_factory=EnginePool)
    listening: Callable[[Settings], AudioDevices] = full_duplex_devices
    speaking: Callable[[Settings], AudioDevices] = speaker_only_devices
    keep: Callable[[Settings, Persona, EventStream], AbstractContextManager[None]] = keep_history
