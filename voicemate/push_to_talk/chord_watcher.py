"""Watches the chord of the desktop and passes its presses on to the push-to-talk key.

Where the chord cannot be watched, everything else works: the fault is reported, and watching is tried again if that
may help.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voicemate.config.hotkey_chord import Chord, parse_chord
from voicemate.config.schema import Settings
from voicemate.core.backoff import Backoff
from voicemate.core.errors import HotkeyError, NoHotkeyError
from voicemate.core.events import EventStream, Fault, HotkeyChanged, Recovered
from voicemate.push_to_talk.chord_listener import (
    ChordEvent,
    ChordEventCallback,
    ChordListener,
    ChordPressed,
    ChordRegistered,
    ChordReleased,
    ListenerFailed,
    make_chord_listener,
)
from voicemate.push_to_talk.controller import PushToTalkController
from voicemate.push_to_talk.gesture import KeyMode
from voicemate.system.desktop_env import desktop_environment

COMPONENT = "hotkey"

RETRY_FOR_S = 600.0
"""How long to retry for what may come later, such as a desktop after the login service."""

ListenerFactory = Callable[[Chord, ChordEventCallback, Mapping[str, str]], ChordListener]


@dataclass(frozen=True, slots=True)
class KeyConfig:
    """The settings of the chord.

    Attributes:
        required: the person relies on the chord: nothing else opens the microphone, or they chose it.
    """

    chord: str
    mode: KeyMode
    tap_ms: int
    required: bool

    @classmethod
    def from_settings(cls, settings: Settings) -> "KeyConfig":
        """The part of ``settings`` that the chord depends on."""
        key = settings.push_to_talk
        required = not key.hands_free or "chord" in key.model_fields_set
        return cls(key.chord, key.mode, key.tap_ms, required)


class ChordWatcher:
    """Watches the chord inside ``async with``. Lives on one loop.

    Args:
        key: is told of every press and release of the chord.
        events: takes whether the chord is watched, and faults.
        make_listener: for a chord, a callback and the variables of the desktop session.
        desktop_env: returns those variables; may block.
    """

    def __init__(
        self,
        key: PushToTalkController,
        events: EventStream,
        make_listener: ListenerFactory = make_chord_listener,
        desktop_env: Callable[[], Mapping[str, str]] = desktop_environment,
    ):
        self._key = key
        self._events = events
        self._make_listener = make_listener
        self._desktop_env = desktop_env
        self._config: KeyConfig | None = None
        self._chord_events: asyncio.Queue[ChordEvent | None] = asyncio.Queue()  # None: the settings were read
        self._reported: HotkeyChanged | None = None
        self._fault_reported = False

    async def __aenter__(self) -> "ChordWatcher":
        self._loop = asyncio.get_running_loop()
        self._running = asyncio.create_task(self._run(), name="chord watcher")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running

    def apply_settings(self, settings: Settings) -> None:
        """Watch the chord of ``settings``. What failed is tried again."""
        config = KeyConfig.from_settings(settings)
        if config != self._config or (self._reported and not self._reported.active):
            self._config = config
            self._chord_events.put_nowait(None)

    async def _run(self) -> None:
        backoff, failing_since = Backoff(), self._loop.time()
        while True:
            began = self._loop.time()
            error = await self._listen(self._config) if self._config else None
            if error is None:
                failing_since = self._loop.time()
                if self._config is None or not self._config.chord:
                    await self._wait_for_settings()
                continue
            if self._reported and self._reported.active:
                failing_since = self._loop.time()
            self._report_error(error)
            retry = error.transient and self._loop.time() - failing_since < RETRY_FOR_S
            await self._wait_for_settings(backoff.next_delay(self._loop.time() - began) if retry else None)

    async def _wait_for_settings(self, timeout_s: float | None = None) -> None:
        """Return when the settings were read, or after ``timeout_s``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while await self._chord_events.get() is not None:
                    pass

    async def _listen(self, config: KeyConfig) -> HotkeyError | None:
        """Listen for the chord until the settings ask for another one; returns the error that ended it before."""
        if not config.chord:
            self._report(HotkeyChanged(0, "", config.mode, active=False))
            self._report_recovery()
            return None
        chord_events = self._chord_events = asyncio.Queue()

        def on_chord_event(event: ChordEvent) -> None:
            self._loop.call_soon_threadsafe(chord_events.put_nowait, event)

        try:
            environment = await asyncio.to_thread(self._desktop_env)
            listener = self._make_listener(parse_chord(config.chord), on_chord_event, environment)
        except HotkeyError as error:
            return error
        listener.start()
        try:
            return await self._handle_events(config)
        finally:
            await asyncio.to_thread(listener.stop)
            self._key.on_chord_release(config.mode, config.tap_ms)

    async def _handle_events(self, config: KeyConfig) -> HotkeyError | None:
        """Pass on the chord's events. A chord that is held is never unregistered: its release would be lost."""
        changed = False
        while not changed or self._key.chord_is_held:
            match await self._chord_events.get():
                case ChordRegistered():
                    self._report(HotkeyChanged(0, config.chord, config.mode, active=True))
                    self._report_recovery()
                case ChordPressed():
                    self._key.on_chord_press(config.mode)
                case ChordReleased():
                    self._key.on_chord_release(config.mode, config.tap_ms)
                case ListenerFailed(error):
                    return error
                case None:
                    changed = self._config != config
        return None

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
