"""A control server of this account in a thread, whose conversation only notes what it is told."""

import asyncio
import threading

from tests.unit.control.noted import RecordingTarget, serving
from voicemate.control.socket_path import socket_path
from voicemate.control.status import DaemonStatus
from voicemate.core.events import Event


class RecordingDaemon:
    """Runs for the block's time.

    Attributes:
        conversation: what it was told.
    """

    conversation: RecordingTarget

    def __enter__(self) -> "RecordingDaemon":
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._up.wait(30), "the server did not begin"
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def set_status(self, status: DaemonStatus) -> None:
        """From now on this is its status."""
        self.conversation.status = lambda: status  # type: ignore[method-assign]

    def emit(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self.conversation.events.emit, event)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with serving(socket_path()) as (self.conversation, _):
            self._up.set()
            await self._over.wait()
