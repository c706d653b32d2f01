"""The push-to-talk key of the desktop: watched while the daemon runs, and carried to its conversation.

A key that cannot be watched keeps nothing from working: it is told, and tried again where that may help.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from voicemate.config.hotkey_chord import Chord, parse_chord
from voicemate.config.schema import Settings
from voicemate.core.backoff import Backoff
from voicemate.core.errors import HotkeyError, NoHotkeyError, VoicemateError
from voicemate.core.events import Event, EventStream, Fault, FloorChanged, FloorState, HotkeyChanged, Recovered
from voicemate.push_to_talk.chord_listener import make_chord_listener
from voicemate.push_to_talk.gesture import KeyAction, KeyGesture, KeyMode
from voicemate.push_to_talk.reports import (
    ChordEvent,
    ChordEventCallback,
    ChordListener,
    ChordPressed,
    ChordRegistered,
    ChordReleased,
    ListenerFailed,
)
from voicemate.system.desktop_env import desktop_environment

COMPONENT = "hotkey"

RETRY_FOR_S = 600.0
"""What may come later (a desktop after the login service) is looked for this long, and after that when the settings
are read again."""

log = logging.getLogger(__name__)

ListenerFactory = Callable[[Chord, ChordEventCallback, Mapping[str, str]], ChordListener]


class KeyTarget(Protocol):
    """A conversation with a push-to-talk key. Everything is called on its loop."""

    @property
    def key_is_down(self) -> bool: ...

    async def press(self) -> None: ...

    async def release(self) -> None: ...

    async def interrupt(self) -> None: ...


@dataclass(frozen=True, slots=True)
class KeyConfig:
    """What the settings say of the key.

    Attributes:
        asked_for: the person relies on it: there is no other way to be heard, or they chose the chord.
    """

    chord: str
    mode: KeyMode
    tap_ms: int
    required: bool

    @classmethod
    def from_settings(cls, settings: Settings) -> "KeyConfig":
        hotkey, push_to_talk = settings.hotkey, settings.push_to_talk
        asked_for = not push_to_talk.hands_free or "chord" in hotkey.model_fields_set
        return cls(hotkey.chord, hotkey.mode, push_to_talk.tap_ms, asked_for)


class KeyController:
    """Watches the key inside ``async with``. Lives on one loop.

    Args:
        keyed: what the key is of.
        events: tell when the character speaks, and are told how the key is.
        watch: makes what watches it.
        surroundings: the variables that tell of the desktop session; may block.
    """

    def __init__(
        self,
        target: KeyTarget,
        events: EventStream,
        make_listener: ListenerFactory = make_chord_listener,
        desktop_env: Callable[[], Mapping[str, str]] = desktop_environment,
    ):
        self._target = target
        self._events = events
        self._make_listener = make_listener
        self._desktop_env = desktop_env
        self._config: KeyConfig | None = None
        self._chord_events: asyncio.Queue[ChordEvent | None] = asyncio.Queue()  # None: something else is wanted
        self._gesture = KeyGesture("hold", 0)
        self._held = False
        self._speaking = False
        self._reported: HotkeyChanged | None = None
        self._fault_reported = False
        self._actions: set[asyncio.Task[None]] = set()
        events.subscribe(self.on_event)

    async def __aenter__(self) -> "KeyController":
        self._loop = asyncio.get_running_loop()
        self._running = asyncio.create_task(self._run(), name="hotkey")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    def apply_settings(self, settings: Settings) -> None:
        """The settings were read: whatever they say of the key is done soon. What failed is tried again."""
        wanted = KeyConfig.from_settings(settings)
        if wanted != self._config or (self._reported and not self._reported.active):
            self._config = wanted
            self._chord_events.put_nowait(None)

    # ------------------------------------------------------------ watching it

    async def _run(self) -> None:
        backoff, since = Backoff(), self._loop.time()
        while True:
            began = self._loop.time()
            trouble = await self._listen(self._config) if self._config else None
            if trouble is None:
                since = self._loop.time()
                if self._config is None or not self._config.chord:
                    await self._wait_for_settings()
                continue
            if self._reported and self._reported.active:
                since = self._loop.time()
            self._report_error(trouble)
            later = trouble.transient and self._loop.time() - since < RETRY_FOR_S
            await self._wait_for_settings(backoff.next_delay(self._loop.time() - began) if later else None)

    async def _wait_for_settings(self, timeout_s: float | None = None) -> None:
        """Return when something else is wanted, or after ``patience_s``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while await self._chord_events.get() is not None:
                    pass

    async def _listen(self, config: KeyConfig) -> HotkeyError | None:
        """Watch the key until something else is wanted; returns what went wrong before that."""
        if not config.chord:
            self._report(HotkeyChanged(0, "", config.mode, active=False))
            self._report_recovery()
            return None
        inbox = self._chord_events = asyncio.Queue()
        self._gesture = KeyGesture(config.mode, config.tap_ms)

        def tell(report: ChordEvent) -> None:
            self._loop.call_soon_threadsafe(inbox.put_nowait, report)

        try:
            surroundings = await asyncio.to_thread(self._desktop_env)
            watch = self._make_listener(parse_chord(config.chord), tell, surroundings)
        except HotkeyError as error:
            return error
        watch.start()
        try:
            return await self._handle_events(config)
        finally:
            await asyncio.to_thread(watch.stop)
            if self._held:
                self._on_up()

    async def _handle_events(self, config: KeyConfig) -> HotkeyError | None:
        """Do what the key says. A chord is never given back while it is held, or its release would be lost."""
        changed = False
        while not changed or self._held:
            match await self._chord_events.get():
                case ChordRegistered():
                    self._report(HotkeyChanged(0, config.chord, config.mode, active=True))
                    self._report_recovery()
                case ChordPressed():
                    self._on_down()
                case ChordReleased():
                    self._on_up()
                case ListenerFailed(error):
                    return error
                case None:
                    changed = self._config != config
        return None

    # ------------------------------------------------------------ what it does

    def on_event(self, event: Event) -> None:
        if isinstance(event, FloorChanged):
            self._speaking = event.state in (FloorState.SPEAKING, FloorState.OVERLAPPING)

    def _on_down(self) -> None:
        self._held = True
        self._do(self._gesture.on_down(self._loop.time() * 1000, self._speaking, self._target.key_is_down))

    def _on_up(self) -> None:
        self._held = False
        self._do(self._gesture.on_up(self._loop.time() * 1000))

    def _do(self, act: KeyAction | None) -> None:
        work = {
            KeyAction.PRESS: self._press,
            KeyAction.RELEASE: self._target.release,
            KeyAction.INTERRUPT: self._interrupt,
        }
        if act:
            task = asyncio.create_task(self._run_action(work[act]()), name=f"hotkey {act.value}")
            self._actions.add(task)
            task.add_done_callback(self._actions.discard)

    async def _press(self) -> None:
        await self._target.press()

    async def _interrupt(self) -> None:
        await self._target.release()
        await self._target.interrupt()

    async def _run_action(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except VoicemateError as error:  # what is missing is told by whoever misses it
            log.info("the key could do nothing: %s", error)

    # ------------------------------------------------------------ telling how it is

    def _report_error(self, error: HotkeyError) -> None:
        assert self._config
        self._report(HotkeyChanged(0, self._config.chord, self._config.mode, active=False, reason=str(error)))
        if self._config.required or not isinstance(error, NoHotkeyError):
            self._fault_reported = True
            self._events.emit(Fault(0, COMPONENT, error.message, error.hint))
        else:
            self._report_recovery()

    def _report(self, event: HotkeyChanged) -> None:
        if event != self._reported:
            self._reported = event
            self._events.emit(event)

    def _report_recovery(self) -> None:
        if self._fault_reported:
            self._fault_reported = False
            self._events.emit(Recovered(0, COMPONENT))
