"""A real daemon behind its real control socket, in a thread, with scripted engines and a simulated room."""

import asyncio
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.simulation.simulated_daemon import ScriptedEnginePool
from voicemate.app.audio_devices import AudioDevices
from voicemate.config.schema import Settings
from voicemate.control.server import ControlServer
from voicemate.core.clock import SampleClock
from voicemate.core.events import EventStream
from voicemate.daemon.conversation_factory import LocalConversationFactory
from voicemate.daemon.daemon import Daemon
from voicemate.personas.persona import Persona
from voicemate.testing.scripted_engines import ScriptedLanguageModel
from voicemate.testing.simulated_room import SimulatedRoom


@dataclass
class ScriptedDaemon:
    """Runs for the time of a block, with this account's settings and personas; a context manager.

    Attributes:
        shelf: its engines.
    """

    shelf: ScriptedEnginePool = field(
        default_factory=lambda: ScriptedEnginePool(ScriptedLanguageModel(default="word " * 400))
    )

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
        self.keeper = Daemon(_SimulatedFactory(engines=self.shelf), greet=False)
        server = ControlServer(self.keeper)
        await server.open()
        keeping = asyncio.create_task(self.keeper.run())
        self._up.set()
        await self.keeper.stopped.wait()
        server.stop_accepting()
        await keeping
        await server.close()


class _SimulatedFactory(LocalConversationFactory):
    """Makes conversations in a simulated room, without a history."""

    def make_devices(self, settings: Settings, with_microphone: bool) -> AudioDevices:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        return AudioDevices(room.microphone, room.speaker, clock)

    def keep_history(
        self, settings: Settings, persona: Persona, events: EventStream
    ) -> AbstractContextManager[object]:
        return nullcontext()
