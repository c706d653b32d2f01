"""The push-to-talk key of the desktop: watched while the daemon runs, and carried to its conversation.

A key that cannot be watched keeps nothing from working: it is told, and tried again where that may help.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from voicemate.config import Settings
from voicemate.daemon.backoff import Backoff
from voicemate.errors import HotkeyError, NoHotkeyError, VoicemateError
from voicemate.events import Event, EventStream, Fault, FloorChanged, FloorState, HotkeyChanged, Recovered
from voicemate.hotkey.choice import watch_of
from voicemate.hotkey.chord import Chord, parse
from voicemate.hotkey.gesture import Act, Gesture, Mode
from voicemate.hotkey.reports import Broken, Down, Ready, Report, Tell, Up, Watch
from voicemate.hotkey.surroundings import desktop_session

WHERE = "hotkey"

GIVE_UP_S = 600.0
"""What may come later (a desktop after the login service) is looked for this long, and after that when the settings
are read again."""

log = logging.getLogger(__name__)

MakeWatch = Callable[[Chord, Tell, Mapping[str, str]], Watch]


class Keyed(Protocol):
    """A conversation with a push-to-talk key. Everything is called on its loop."""

    @property
    def pressed(self) -> bool: ...

    async def press(self) -> None: ...

    async def release(self) -> None: ...

    async def interrupt(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings say of the key.

    Attributes:
        asked_for: the person relies on it: there is no other way to be heard, or they chose the chord.
    """

    chord: str
    mode: Mode
    tap_ms: int
    asked_for: bool

    @classmethod
    def of(cls, settings: Settings) -> "Wanted":
        hotkey, push_to_talk = settings.hotkey, settings.push_to_talk
        asked_for = not push_to_talk.hands_free or "chord" in hotkey.model_fields_set
        return cls(hotkey.chord, hotkey.mode, push_to_talk.tap_ms, asked_for)


class Hotkey:
    """Watches the key inside ``async with``. Lives on one loop.

    Args:
        keyed: what the key is of.
        events: tell when the character speaks, and are told how the key is.
        watch: makes what watches it.
        surroundings: the variables that tell of the desktop session; may block.
    """

    def __init__(
        self,
        keyed: Keyed,
        events: EventStream,
        watch: MakeWatch = watch_of,
        surroundings: Callable[[], Mapping[str, str]] = desktop_session,
    ):
        self._keyed = keyed
        self._events = events
        self._make_watch = watch
        self._surroundings = surroundings
        self._wanted: Wanted | None = None
        self._inbox: asyncio.Queue[Report | None] = asyncio.Queue()  # None: something else is wanted
        self._gesture = Gesture("hold", 0)
        self._held = False
        self._speaking = False
        self._told: HotkeyChanged | None = None
        self._faulty = False
        self._doing: set[asyncio.Task[None]] = set()
        events.subscribe(self._happened)

    async def __aenter__(self) -> "Hotkey":
        self._loop = asyncio.get_running_loop()
        self._keeping = asyncio.create_task(self._keep(), name="hotkey")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeping

    def use(self, settings: Settings) -> None:
        """The settings were read: whatever they say of the key is done soon. What failed is tried again."""
        wanted = Wanted.of(settings)
        if wanted != self._wanted or (self._told and not self._told.watched):
            self._wanted = wanted
            self._inbox.put_nowait(None)

    # ------------------------------------------------------------ watching it

    async def _keep(self) -> None:
        backoff, since = Backoff(), self._loop.time()
        while True:
            began = self._loop.time()
            trouble = await self._watch(self._wanted) if self._wanted else None
            if trouble is None:
                since = self._loop.time()
                if self._wanted is None or not self._wanted.chord:
                    await self._news()
                continue
            if self._told and self._told.watched:
                since = self._loop.time()
            self._tell_trouble(trouble)
            later = trouble.passing and self._loop.time() - since < GIVE_UP_S
            await self._news(backoff.after(self._loop.time() - began) if later else None)

    async def _news(self, patience_s: float | None = None) -> None:
        """Return when something else is wanted, or after ``patience_s``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while await self._inbox.get() is not None:
                    pass

    async def _watch(self, wanted: Wanted) -> HotkeyError | None:
        """Watch the key until something else is wanted; returns what went wrong before that."""
        if not wanted.chord:
            self._tell(HotkeyChanged(0, "", wanted.mode, watched=False))
            self._recovered()
            return None
        inbox = self._inbox = asyncio.Queue()
        self._gesture = Gesture(wanted.mode, wanted.tap_ms)

        def tell(report: Report) -> None:
            self._loop.call_soon_threadsafe(inbox.put_nowait, report)

        try:
            surroundings = await asyncio.to_thread(self._surroundings)
            watch = self._make_watch(parse(wanted.chord), tell, surroundings)
        except HotkeyError as error:
            return error
        watch.start()
        try:
            return await self._follow(wanted)
        finally:
            await asyncio.to_thread(watch.stop)
            if self._held:
                self._up()

    async def _follow(self, wanted: Wanted) -> HotkeyError | None:
        """Do what the key says. A chord is never given back while it is held, or its release would be lost."""
        changed = False
        while not changed or self._held:
            match await self._inbox.get():
                case Ready():
                    self._tell(HotkeyChanged(0, wanted.chord, wanted.mode, watched=True))
                    self._recovered()
                case Down():
                    self._down()
                case Up():
                    self._up()
                case Broken(error):
                    return error
                case None:
                    changed = self._wanted != wanted
        return None

    # ------------------------------------------------------------ what it does

    def _happened(self, event: Event) -> None:
        if isinstance(event, FloorChanged):
            self._speaking = event.state in (FloorState.SPEAKING, FloorState.YIELDING)

    def _down(self) -> None:
        self._held = True
        self._do(self._gesture.down(self._loop.time() * 1000, self._speaking, self._keyed.pressed))

    def _up(self) -> None:
        self._held = False
        self._do(self._gesture.up(self._loop.time() * 1000))

    def _do(self, act: Act | None) -> None:
        work = {Act.PRESS: self._press, Act.RELEASE: self._keyed.release, Act.INTERRUPT: self._interrupt}
        if act:
            task = asyncio.create_task(self._tried(work[act]()), name=f"hotkey {act.value}")
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def _press(self) -> None:
        await self._keyed.press()

    async def _interrupt(self) -> None:
        await self._keyed.release()
        await self._keyed.interrupt()

    async def _tried(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except VoicemateError as error:  # what is missing is told by whoever misses it
            log.info("the key could do nothing: %s", error)

    # ------------------------------------------------------------ telling how it is

    def _tell_trouble(self, error: HotkeyError) -> None:
        assert self._wanted
        self._tell(HotkeyChanged(0, self._wanted.chord, self._wanted.mode, watched=False, why=str(error)))
        if self._wanted.asked_for or not isinstance(error, NoHotkeyError):
            self._faulty = True
            self._events.emit(Fault(0, WHERE, error.wrong, error.remedy))
        else:
            self._recovered()

    def _tell(self, event: HotkeyChanged) -> None:
        if event != self._told:
            self._told = event
            self._events.emit(event)

    def _recovered(self) -> None:
        if self._faulty:
            self._faulty = False
            self._events.emit(Recovered(0, WHERE))
