"""A control server of this account in a thread, whose target records the commands."""

import asyncio
import threading

from tests.unit.control.recording_target import RecordingTarget, serving
from voicemate.control.socket_path import socket_path
from voicemate.control.status import DaemonStatus
from voicemate.core.events import Event


class RecordingDaemon:
    """Runs during the ``with`` block.

    Attributes:
        conversation: records the commands.
    """

    conversation: RecordingTarget

    def __enter__(self) -> "RecordingDaemon":
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._started.wait(30), "the server did not start"
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def set_status(self, status: DaemonStatus) -> None:
        """Report ``status`` from now on."""
        self.conversation.status = lambda: status  # type: ignore[method-assign]

    def emit(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self.conversation.events.emit, event)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with serving(socket_path()) as (self.conversation, _):
            self._started.set()
            await self._stopping.wait()
