"""Puts the engines to rest when nobody has talked for a while, and wakes them at the first sign of somebody."""

import asyncio
from collections.abc import Awaitable, Callable

from voicemate.events import Event, FloorChanged, FloorState, SpeechStarted

_NOBODY = (FloorState.LISTENING, FloorState.STOPPED, FloorState.UNAVAILABLE)
"""States in which nobody talks."""


class Idling:
    """A subscriber. Lives on one loop.

    Args:
        rest, wake: of the engines.

    Attributes:
        after_s: how long nobody has to have talked; 0 for never.
    """

    def __init__(self, rest: Callable[[], Awaitable[None]], wake: Callable[[], object]):
        self.after_s = 0.0
        self._rest = rest
        self._wake = wake
        self._waiting: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None

    def feed(self, event: Event) -> None:
        match event:
            case FloorChanged():
                self._stop_waiting()
                if event.state in _NOBODY:
                    self._wait()
                elif event.state in (FloorState.HEARING, FloorState.THINKING):
                    self._wake()
            case SpeechStarted():
                self._stop_waiting()
                self._wake()
                self._wait()

    def close(self) -> None:
        self._stop_waiting()

    def _wait(self) -> None:
        if self.after_s:
            self._waiting = asyncio.get_running_loop().call_later(self.after_s, self._go_to_rest)

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None

    def _go_to_rest(self) -> None:
        self._waiting = None
        self._resting = asyncio.ensure_future(self._rest())
