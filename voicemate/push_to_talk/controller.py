"""The push-to-talk key: the one owner of "the key is down", wherever it was pressed.

It is pressed by the chord of the desktop, and by commands. Whether the *chord* is held is another matter: with
``toggle`` the key stays down when the chord is released.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from voicemate.config.schema import PushToTalkSettings
from voicemate.core.errors import VoicemateError
from voicemate.core.events import Event, FloorChanged, FloorState
from voicemate.push_to_talk.gesture import ChordPress, KeyAction, KeyMode, action_on_press, action_on_release

log = logging.getLogger(__name__)


class KeyTarget(Protocol):
    """What the key acts on. Everything is called on its loop."""

    async def on_key_down(self) -> None:
        """Give the person the floor. The key may be up again when the microphone is open.

        Raises:
            VoicemateError: nothing can be heard; the key comes up.
        """
        ...

    def on_key_up(self) -> None:
        """End the person's turn."""
        ...

    async def interrupt(self) -> None:
        """Stop the character; nobody has the floor."""
        ...


class PushToTalkController:
    """Lives on one loop. ``on_event`` is a subscriber.

    Opening a microphone takes some tenths of a second, and most turns follow soon upon another, so ``is_warm`` holds
    for ``keep_open_s`` after the key was used. It ends then, since an open microphone keeps a laptop awake.

    Args:
        target: what the key acts on.
        on_cooled: called when the microphone need not stay open for the key any longer.

    Attributes:
        is_down: the key is down.
        is_warm: it was used a short while ago.
    """

    def __init__(self, target: KeyTarget, on_cooled: Callable[[], None] = lambda: None):
        self.is_down = False
        self.is_warm = False
        self._target = target
        self._on_cooled = on_cooled
        self._settings = PushToTalkSettings()
        self._owner: object | None = None  # of the press; the key comes up when it goes away
        self._chord: ChordPress | None = None  # while the chord is held
        self._character_speaks = False
        self._release_timer: asyncio.TimerHandle | None = None
        self._cooling_timer: asyncio.TimerHandle | None = None
        self._actions: set[asyncio.Task[None]] = set()

    @property
    def wants_microphone(self) -> bool:
        """Whether the microphone is to be open for the key."""
        return self.is_down or self.is_warm

    @property
    def chord_is_held(self) -> bool:
        """Whether the chord of the desktop is held."""
        return self._chord is not None

    def apply_settings(self, settings: PushToTalkSettings) -> None:
        """Use ``settings`` from the next press on."""
        self._settings = settings

    # ------------------------------------------------------------ commands

    async def press(self, owner: object | None = None) -> None:
        """Press the key, unless it is down.

        Args:
            owner: the key comes up in ``release_owned`` of it.

        Raises:
            VoicemateError: nothing can be heard; the key is up again.
        """
        self._owner = owner or self._owner
        if self.is_down:
            return
        self.is_down = self.is_warm = True
        self._release_timer = asyncio.get_running_loop().call_later(self._settings.max_hold_s, self.release)
        try:
            await self._target.on_key_down()
        except VoicemateError:
            self.release()
            raise

    def release(self) -> None:
        """Release the key, unless it is up. Also called when it was down for so long that a release was lost."""
        self._owner = None
        if self._release_timer:
            self._release_timer.cancel()
            self._release_timer = None
        if self.is_down:
            self.is_down = False
            self._target.on_key_up()

    def release_owned(self, owner: object) -> None:
        """Release the key if ``owner`` pressed it."""
        if self._owner is owner:
            self.release()

    async def toggle(self) -> None:
        """Press the key if it is up, release it if it is down.

        Raises:
            VoicemateError: as ``press``.
        """
        if self.is_down:
            self.release()
        else:
            await self.press()

    def cool_down(self) -> None:
        """Let the microphone close as soon as the key is up."""
        self.is_warm = False

    # ------------------------------------------------------------ the chord of the desktop

    def on_chord_press(self, mode: KeyMode) -> None:
        """The chord was pressed."""
        if self._chord is None:
            self._chord = ChordPress(self._now_ms(), self._character_speaks)
            self._start(action_on_press(mode, self._character_speaks, self.is_down))

    def on_chord_release(self, mode: KeyMode, tap_ms: float) -> None:
        """The chord came up, or can no longer be watched.

        Args:
            tap_ms: a shorter press is a tap.
        """
        press, self._chord = self._chord, None
        if press:
            self._start(action_on_release(mode, press, self._now_ms(), tap_ms))

    def _start(self, action: KeyAction | None) -> None:
        if action is None:
            return
        work = {KeyAction.PRESS: self.press, KeyAction.RELEASE: self._release, KeyAction.INTERRUPT: self._interrupt}
        task = asyncio.create_task(_logged(work[action]()), name=f"key {action.value}")
        self._actions.add(task)
        task.add_done_callback(self._actions.discard)

    async def _release(self) -> None:
        self.release()

    async def _interrupt(self) -> None:
        self.release()
        await self._target.interrupt()

    # ------------------------------------------------------------ events

    def on_event(self, event: Event) -> None:
        """Follow the floor: the microphone stays warm for a while after the floor was last taken."""
        if not isinstance(event, FloorChanged):
            return
        self._character_speaks = event.state in (FloorState.SPEAKING, FloorState.OVERLAPPING)
        if self._cooling_timer:
            self._cooling_timer.cancel()
            self._cooling_timer = None
        if event.state is FloorState.LISTENING and self.is_warm and not self.is_down:
            self._cooling_timer = asyncio.get_running_loop().call_later(self._settings.keep_open_s, self._cool)

    def _cool(self) -> None:
        self.is_warm = False
        self._on_cooled()

    def _now_ms(self) -> float:
        return asyncio.get_running_loop().time() * 1000


async def _logged(action: Coroutine[Any, Any, None]) -> None:
    try:
        await action
    except VoicemateError as error:  # the fault is reported where it happened
        log.info("the key had no effect: %s", error)
