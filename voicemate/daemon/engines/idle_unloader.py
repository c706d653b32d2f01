"""Unloads the engines after a while of silence, and loads them again at the first sign of speech."""

import asyncio
from collections.abc import Awaitable, Callable

from voicemate.core.events import Event, FloorChanged, FloorState, SpeechStarted

_IDLE_STATES = (FloorState.LISTENING, FloorState.STOPPED, FloorState.UNAVAILABLE)
"""States without speech."""


class IdleUnloader:
    """A subscriber. Lives on one loop.

    Args:
        unload, reload: of the engines.

    Attributes:
        after_s: seconds of silence after which the engines are unloaded; 0 for never.
    """

    def __init__(self, unload: Callable[[], Awaitable[None]], reload: Callable[[], object]) -> None:
        self.after_s = 0.0
        self._unload = unload
        self._reload = reload
        self._timer: asyncio.TimerHandle | None = None
        self._unloading: asyncio.Task[None] | None = None

    def on_event(self, event: Event) -> None:
        """Follow the floor and the person's voice."""
        match event:
            case FloorChanged():
                self._stop_timer()
                if event.state in _IDLE_STATES:
                    self._start_timer()
                elif event.state in (FloorState.HEARING, FloorState.THINKING):
                    self._reload()
            case SpeechStarted():
                self._stop_timer()
                self._reload()
                self._start_timer()
            case _:
                pass

    def close(self) -> None:
        """Unload no more."""
        self._stop_timer()

    def _start_timer(self) -> None:
        if self.after_s:
            self._timer = asyncio.get_running_loop().call_later(self.after_s, self._unload_now)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _unload_now(self) -> None:
        self._timer = None
        self._unloading = asyncio.ensure_future(self._unload())
