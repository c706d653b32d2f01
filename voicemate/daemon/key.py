"""The push-to-talk key, and for how long it keeps the microphone open."""

import asyncio
from collections.abc import Callable

from voicemate.config import PushToTalkSettings
from voicemate.events import Event, FloorChanged, FloorState


class Key:
    """Lives on one loop.

    Most turns follow soon upon another and opening a microphone costs some tenths of a second, so it is kept open for
    a while (``warm_s``), and closed then, since an open one keeps a laptop awake.

    Args:
        lost: called when the key has been down for too long (``longest_s``): its release was lost.
        cold: called when the microphone need not be kept open for the key any more.

    Attributes:
        down: it is held.
        warm: it was used a short while ago, so that the microphone stays open.
        settings: how long that is.
    """

    def __init__(self, lost: Callable[[], None], cold: Callable[[], None]):
        self.down = False
        self.warm = False
        self.settings = PushToTalkSettings()
        self._lost = lost
        self._cold = cold
        self._releasing: asyncio.TimerHandle | None = None
        self._cooling: asyncio.TimerHandle | None = None

    def press(self) -> None:
        self.down = self.warm = True
        self._releasing = asyncio.get_running_loop().call_later(self.settings.longest_s, self._lost)

    def release(self) -> bool:
        """Whether it was down."""
        if self._releasing:
            self._releasing.cancel()
            self._releasing = None
        was_down, self.down = self.down, False
        return was_down

    def feed(self, event: Event) -> None:
        """A subscriber: the microphone is kept warm for a while after anybody last held the floor."""
        if not isinstance(event, FloorChanged):
            return
        if self._cooling:
            self._cooling.cancel()
            self._cooling = None
        if event.state is FloorState.LISTENING and self.warm and not self.down:
            self._cooling = asyncio.get_running_loop().call_later(self.settings.warm_s, self._cool)

    def _cool(self) -> None:
        self.warm = False
        self._cold()
