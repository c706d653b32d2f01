"""A real daemon behind its real control socket, in a thread, with scripted engines and a simulated room."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.simulation.scripted import ScriptedMind, ScriptedSynthesizer, ScriptedTranscriber
from tests.simulation.stage import LoudnessActivity
from voicemate.app import Engines, Stage
from voicemate.audio.clock import SampleClock
from voicemate.audio.room import Room
from voicemate.config import Settings, VadSettings
from voicemate.control.server import ControlServer
from voicemate.conversation.dialogue import Dialogue
from voicemate.daemon.keeper import Keeper
from voicemate.daemon.workshop import Workshop
from voicemate.errors import VoicemateError
from voicemate.events import EventStream
from voicemate.hearing.ears import Ears
from voicemate.hearing.listener import Listener
from voicemate.personas.persona import Persona
from voicemate.thinking.context import Context


@dataclass
class ScriptedShelf:
    """Engines that are there at once; ``missing`` is what keeps them from it."""

    missing: VoicemateError | None = None

    async def fit(self, settings: Settings, persona: Persona) -> Engines:
        if self.missing:
            raise self.missing
        mind = ScriptedMind(default="word " * 400)
        dialogue = Dialogue(persona, mind, Context(persona, 2048, mind.count_tokens), seed=1)
        listener = Listener(Ears(LoudnessActivity(), VadSettings(), 20), ScriptedTranscriber(["hello there"]))
        return Engines(listener, dialogue, ScriptedSynthesizer())

    async def close(self) -> None:
        pass


@dataclass
class ScriptedDaemon:
    """Runs for the time of a block, with this account's settings and personas; a context manager.

    Attributes:
        shelf: its engines.
    """

    shelf: ScriptedShelf = field(default_factory=ScriptedShelf)

    def __enter__(self) -> "ScriptedDaemon":
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._up.wait(40), "the daemon did not begin"
        return self

    def __exit__(self, *error: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.keeper.stop)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        workshop = Workshop(engines=self.shelf, listening=_stage, speaking=_stage, keep=_kept)
        self.keeper = Keeper(workshop, greet=False)
        server = ControlServer(self.keeper)
        await server.open()
        keeping = asyncio.create_task(self.keeper.run())
        self._up.set()
        await self.keeper.stopped.wait()
        server.refuse_more()
        await keeping
        await server.close()


def _stage(settings: Settings) -> Stage:
    clock = SampleClock()
    room = Room(clock)
    return Stage(room.microphone, room.loudspeaker, clock)


@contextmanager
def _kept(settings: Settings, persona: Persona, events: EventStream) -> Iterator[None]:
    yield
