"""A daemon with engines, devices and settings of a test's own, on the virtual clock, with the real session."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from voicemate.app.audio_devices import AudioDevices
from voicemate.config.schema import Settings, VadSettings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError, PersonaError, SettingsError, VoicemateError
from voicemate.core.events import Event, EventStream, FloorChanged, FloorState
from voicemate.daemon.daemon import Daemon
from voicemate.llm.context_window import ContextWindow
from voicemate.personas.library import LibraryPersona
from voicemate.personas.persona import Persona
from voicemate.testing.scripted_engines import (
    LoudnessDetector,
    ScriptedLanguageModel,
    ScriptedSynthesizer,
    ScriptedTranscriber,
)
from voicemate.testing.simulated_room import SimulatedRoom
from voicemate.testing.virtual_time import run_virtual
from voicemate.vad.segmenter import SpeechSegmenter

E = TypeVar("E", bound=Event)

LOAD_S = 0.5


@dataclass
class ScriptedEnginePool:
    """Engines that load in ``LOAD_S``; ``missing`` is what keeps them from it."""

    llm: ScriptedLanguageModel = field(default_factory=ScriptedLanguageModel)
    missing: VoicemateError | None = None
    loaded: list[tuple[str, str]] = field(default_factory=list)  # thinking model and character
    dialogue: ChatHistory | None = None
    closed: bool = False
    unloaded: bool = False
    reloaded_at: list[float] = field(default_factory=list)  # when, on the loop

    def start_reloading(self) -> None:
        if self.unloaded:
            self.reloaded_at.append(asyncio.get_running_loop().time())
            self.unloaded = False

    async def reload(self) -> None:
        self.start_reloading()

    async def unload(self) -> None:
        self.unloaded = True

    async def load(self, settings: Settings, persona: Persona) -> Engines:
        wanted = (settings.llm.model, persona.name)
        if self.dialogue is None or self.loaded[-1] != wanted:
            await asyncio.sleep(LOAD_S)
            if self.missing:
                raise self.missing
            self.loaded.append(wanted)
            self.dialogue = ChatHistory(
                persona, self.llm, ContextWindow(persona, 2048, self.llm.count_tokens), seed=1
            )
        listener = SpeechRecognizer(
            SpeechSegmenter(LoudnessDetector(), VadSettings(), 20), ScriptedTranscriber(["hello there"])
        )
        return Engines(listener, self.dialogue, ScriptedSynthesizer())

    async def close(self) -> None:
        self.closed = True


@dataclass
class DaemonFixture:
    """A daemon with everything around it under a test's control.

    Attributes:
        stages: how many conversations were put on, with and without a microphone.
        no_device: what keeps the devices from opening.
        wrong_settings: what is wrong with the settings file.
    """

    settings: Settings = field(default_factory=Settings)
    engine_pool: ScriptedEnginePool = field(default_factory=ScriptedEnginePool)
    greeting: str = ""
    device_error: AudioError | None = None
    settings_error: SettingsError | None = None
    opened_devices: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    daemon: Daemon = field(init=False)
    room: SimulatedRoom = field(init=False)

    def run(self, script: Callable[["DaemonFixture"], Awaitable[None]]) -> None:
        run_virtual(self._play(script))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def states(self) -> list[FloorState]:
        return [event.state for event in self.of(FloorChanged)]

    @property
    def engines(self) -> ScriptedEnginePool:
        return self.engine_pool

    async def ask(self, text: str) -> str:
        """Take ``text`` as a typed turn; returns the part of the reply that was heard."""
        return (await self.daemon.ask(text, request_id="a-test")).heard_prefix

    async def until(self, state: FloorState, reason: str = "") -> None:
        """Wait until the floor is, or gets, in ``state``."""
        for _ in range(10_000):
            status = self.of(FloorChanged)[-1] if self.of(FloorChanged) else None
            if status and status.state is state and reason in status.reason:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it never was {state} ({reason}); it was {self.states()}")

    async def _play(self, script: Callable[["DaemonFixture"], Awaitable[None]]) -> None:
        self.daemon = Daemon(self)
        self.daemon.subscribe(self.events.append)
        keeping = asyncio.create_task(self.daemon.run())
        try:
            await script(self)
        finally:
            self.daemon.stop()
            await asyncio.gather(keeping)

    def load_settings(self, overrides: Mapping[str, Any]) -> Settings:
        if self.settings_error:
            raise self.settings_error
        return self.settings.model_copy(update=dict(overrides))

    def find_persona(self, name: str) -> LibraryPersona:
        if name.startswith("no"):
            raise PersonaError(f"There is no persona `{name}`", "Perhaps `juniper` is meant")
        persona = Persona(name=name.capitalize(), description="A test.", greeting=self.greeting)
        return LibraryPersona(name, persona, Path(f"{name}.toml"), "shipped")

    def make_devices(self, settings: Settings, with_microphone: bool) -> AudioDevices:
        self.opened_devices.append("listening" if with_microphone else "speaking")
        clock = SampleClock()
        self.room = SimulatedRoom(clock)
        if self.device_error:
            self.room.microphone.open = self._refused  # type: ignore[method-assign]
        return AudioDevices(self.room.microphone, self.room.speaker, clock)

    def keep_history(
        self, settings: Settings, persona: Persona, events: EventStream
    ) -> AbstractContextManager[object]:
        return nullcontext()

    async def _refused(self) -> None:
        assert self.device_error
        raise self.device_error
