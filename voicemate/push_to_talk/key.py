"""The push-to-talk key, and for how long it keeps the microphone open."""

import asyncio
from collections.abc import Callable

from voicemate.config.schema import PushToTalkSettings
from voicemate.core.events import Event, FloorChanged, FloorState


class MicrophoneKey:
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

    def __init__(self, on_lost: Callable[[], None], on_cooled: Callable[[], None]):
        self.down = False
        self.warm = False
        self.settings = PushToTalkSettings()
        self._on_lost = on_lost
        self._on_cooled = on_cooled
        self._release_timer: asyncio.TimerHandle | None = None
        self._cooling_timer: asyncio.TimerHandle | None = None

    def press(self) -> None:
        self.down = self.warm = True
        self._release_timer = asyncio.get_running_loop().call_later(self.settings.max_hold_s, self._on_lost)

    def release(self) -> bool:
        """Whether it was down."""
        if self._release_timer:
            self._release_timer.cancel()
            self._release_timer = None
        was_down, self.down = self.down, False
        return was_down

    def on_event(self, event: Event) -> None:
        """A subscriber: the microphone is kept warm for a while after anybody last held the floor."""
        if not isinstance(event, FloorChanged):
            return
        if self._cooling_timer:
            self._cooling_timer.cancel()
            self._cooling_timer = None
        if event.state is FloorState.LISTENING and self.warm and not self.down:
            self._cooling_timer = asyncio.get_running_loop().call_later(self.settings.keep_open_s, self._cool)

    def _cool(self) -> None:
        self.warm = False
        self._on_cooled()
