"""A daemon with engines, devices and settings of a test's own, on the virtual clock, with the real session."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.simulation.scripted import ScriptedMind, ScriptedSynthesizer, ScriptedTranscriber
from tests.simulation.stage import LoudnessActivity
from voicemate.app import Stage
from voicemate.audio.clock import SampleClock
from voicemate.audio.room import Room
from voicemate.audio.virtual_time import run_virtual
from voicemate.config import Settings, VadSettings
from voicemate.conversation.dialogue import Dialogue
from voicemate.daemon.keeper import Keeper
from voicemate.daemon.workshop import Workshop
from voicemate.engines import Engines
from voicemate.errors import AudioError, PersonaError, SettingsError, VoicemateError
from voicemate.events import Event, EventStream, FloorChanged, FloorState
from voicemate.hearing.ears import Ears
from voicemate.hearing.listener import Listener
from voicemate.personas.library import ShelvedPersona
from voicemate.personas.persona import Persona
from voicemate.thinking.context import Context

E = TypeVar("E", bound=Event)

LOAD_S = 0.5


@dataclass
class ScriptedShelf:
    """Engines that load in ``LOAD_S``; ``missing`` is what keeps them from it."""

    mind: ScriptedMind = field(default_factory=ScriptedMind)
    missing: VoicemateError | None = None
    loaded: list[tuple[str, str]] = field(default_factory=list)  # thinking model and character
    dialogue: Dialogue | None = None
    closed: bool = False
    resting: bool = False
    woken: list[float] = field(default_factory=list)  # when, on the loop

    def wake(self) -> None:
        if self.resting:
            self.woken.append(asyncio.get_running_loop().time())
            self.resting = False

    async def awake(self) -> None:
        self.wake()

    async def rest(self) -> None:
        self.resting = True

    async def fit(self, settings: Settings, persona: Persona) -> Engines:
        wanted = (settings.thinking.model, persona.name)
        if self.dialogue is None or self.loaded[-1] != wanted:
            await asyncio.sleep(LOAD_S)
            if self.missing:
                raise self.missing
            self.loaded.append(wanted)
            self.dialogue = Dialogue(persona, self.mind, Context(persona, 2048, self.mind.count_tokens), seed=1)
        listener = Listener(Ears(LoudnessActivity(), VadSettings(), 20), ScriptedTranscriber(["hello there"]))
        return Engines(listener, self.dialogue, ScriptedSynthesizer())

    async def close(self) -> None:
        self.closed = True


@dataclass
class House:
    """A daemon with everything around it under a test's control.

    Attributes:
        stages: how many conversations were put on, with and without a microphone.
        no_device: what keeps the devices from opening.
        wrong_settings: what is wrong with the settings file.
    """

    settings: Settings = field(default_factory=Settings)
    shelf: ScriptedShelf = field(default_factory=ScriptedShelf)
    greeting: str = ""
    no_device: AudioError | None = None
    wrong_settings: SettingsError | None = None
    stages: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    keeper: Keeper = field(init=False)
    room: Room = field(init=False)

    def play(self, script: Callable[["House"], Awaitable[None]]) -> None:
        run_virtual(self._play(script))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def states(self) -> list[FloorState]:
        return [event.state for event in self.of(FloorChanged)]

    async def until(self, state: FloorState, reason: str = "") -> None:
        """Wait until the floor is, or gets, in ``state``."""
        for _ in range(10_000):
            status = self.of(FloorChanged)[-1] if self.of(FloorChanged) else None
            if status and status.state is state and reason in status.reason:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it never was {state} ({reason}); it was {self.states()}")

    async def _play(self, script: Callable[["House"], Awaitable[None]]) -> None:
        workshop = Workshop(
            settings=self._settings,
            persona=self._persona,
            engines=self.shelf,
            listening=lambda settings: self._stage("listening"),
            speaking=lambda settings: self._stage("speaking"),
            keep=_kept,
        )
        self.keeper = Keeper(workshop)
        self.keeper.subscribe(self.events.append)
        keeping = asyncio.create_task(self.keeper.run())
        try:
            await script(self)
        finally:
            self.keeper.stop()
            await asyncio.gather(keeping)

    def _settings(self, overrides: dict[str, Any]) -> Settings:
        if self.wrong_settings:
            raise self.wrong_settings
        return self.settings.model_copy(update=overrides)

    def _persona(self, name: str) -> ShelvedPersona:
        if name.startswith("no"):
            raise PersonaError(f"There is no persona `{name}`", "Perhaps `juniper` is meant")
        persona = Persona(name=name.capitalize(), description="A test.", greeting=self.greeting)
        return ShelvedPersona(name, persona, Path(f"{name}.toml"), "shipped")

    def _stage(self, kind: str) -> Stage:
        self.stages.append(kind)
        clock = SampleClock()
        self.room = Room(clock)
        if self.no_device:
            self.room.microphone.open = self._refused  # type: ignore[method-assign]
        return Stage(self.room.microphone, self.room.loudspeaker, clock)

    async def _refused(self) -> None:
        assert self.no_device
        raise self.no_device


@contextmanager
def _kept(settings: Settings, persona: Persona, events: EventStream) -> Iterator[None]:
    yield
