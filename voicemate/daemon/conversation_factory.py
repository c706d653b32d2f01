"""What the daemon makes a conversation of: this machine's own things, or those of a test."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from voicemate.app.audio_devices import AudioDevices, audio_devices
from voicemate.app.conversation import keep_history
from voicemate.audio.input.silent_microphone import SilentMicrophone
from voicemate.config.loader import load
from voicemate.config.schema import Settings
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.events import EventStream
from voicemate.daemon.engines.engine_pool import EnginePool
from voicemate.personas.library import LibraryPersona, find
from voicemate.personas.persona import Persona


class EngineLoader(Protocol):
    """Keeps engines loaded; see ``EnginePool``."""

    async def load(self, settings: Settings, persona: Persona) -> Engines:
        """The engines that ``settings`` and ``persona`` ask for."""
        ...

    def start_reloading(self) -> None:
        """Begin to load what was unloaded: it will be needed soon."""

    async def reload(self) -> None:
        """Load what was unloaded."""

    async def unload(self) -> None:
        """Free what is large, until it is needed."""

    async def close(self) -> None:
        """Free everything."""


class ConversationFactory(Protocol):
    """Makes the parts of a conversation."""

    @property
    def engines(self) -> EngineLoader:
        """The engines."""
        ...

    def load_settings(self, overrides: Mapping[str, Any]) -> Settings:
        """Read the settings, with ``overrides`` by dotted key.

        Raises:
            SettingsError: a value is not allowed.
        """
        ...

    def find_persona(self, name: str) -> LibraryPersona:
        """The persona that the settings call ``name``.

        Raises:
            PersonaError: there is none, or its file is broken.
        """
        ...

    def make_devices(self, settings: Settings, with_microphone: bool) -> AudioDevices:
        """The devices, not open yet. Without a microphone the conversation hears silence."""
        ...

    def keep_history(
        self, settings: Settings, persona: Persona, events: EventStream
    ) -> AbstractContextManager[object]:
        """Write the conversation to the history while the body runs, if the settings ask for it."""
        ...


class LocalConversationFactory:
    """Makes conversations of this machine's own parts.

    Args:
        settings: used as they are; None to read the settings file each time.
        engines: a pool of this machine's own when left out.
    """

    def __init__(self, settings: Settings | None = None, engines: EngineLoader | None = None) -> None:
        self.engines: EngineLoader = engines or EnginePool()
        self._settings = settings

    def load_settings(self, overrides: Mapping[str, Any]) -> Settings:
        """See ``ConversationFactory``."""
        return self._settings or load(dict(overrides))

    def find_persona(self, name: str) -> LibraryPersona:
        """See ``ConversationFactory``."""
        return find(name)

    def make_devices(self, settings: Settings, with_microphone: bool) -> AudioDevices:
        """See ``ConversationFactory``."""
        if with_microphone:
            return audio_devices(settings, wait_for_devices=True)
        devices = audio_devices(settings)
        return replace(devices, microphone=SilentMicrophone(devices.clock))

    def keep_history(
        self, settings: Settings, persona: Persona, events: EventStream
    ) -> AbstractContextManager[object]:
        """See ``ConversationFactory``."""
        return keep_history(settings, persona, events)
