"""Where the daemon gets what a conversation is made of: this machine's own things, or a test's."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from voicemate.app import Stage, device_stage, kept
from voicemate.audio.room import Room
from voicemate.config import Settings, load
from voicemate.daemon.engine_shelf import EngineShelf
from voicemate.engines import Engines
from voicemate.events import EventStream
from voicemate.personas.library import ShelvedPersona, find
from voicemate.personas.persona import Persona


class Shelf(Protocol):
    """See ``EngineShelf``."""

    async def fit(self, settings: Settings, persona: Persona) -> Engines: ...

    def wake(self) -> None: ...

    async def awake(self) -> None: ...

    async def rest(self) -> None: ...

    async def close(self) -> None: ...


def read_settings(overrides: dict[str, Any]) -> Settings:
    """The person's settings, with ``overrides`` by dotted key.

    Raises:
        SettingsError: something in them is not allowed.
    """
    return load(overrides)


def listening_stage(settings: Settings) -> Stage:
    """This machine's microphone and loudspeaker."""
    return device_stage(settings, patient=True)


def speaking_stage(settings: Settings) -> Stage:
    """This machine's loudspeaker and no microphone: the ears get silence."""
    stage = device_stage(settings)
    return replace(stage, microphone=Room(stage.clock).microphone)


@dataclass(frozen=True, slots=True)
class Workshop:
    """The parts, each by the function that makes it."""

    settings: Callable[[dict[str, Any]], Settings] = read_settings
    persona: Callable[[str], ShelvedPersona] = find
    engines: Shelf = field(default_factory=EngineShelf)
    listening: Callable[[Settings], Stage] = listening_stage
    speaking: Callable[[Settings], Stage] = speaking_stage
    keep: Callable[[Settings, Persona, EventStream], AbstractContextManager[None]] = kept
