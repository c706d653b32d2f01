"""Keeps one conversation up, and does what it is told: the daemon behind the control socket.

::

    read settings ──> asleep? ──> load engines ──> waiting for the key? ──> open devices ──> converse
          ^             │              │                    │                    │              │
          └─ told something new, or trouble: that is named, told, and tried again with back-off ┘

Whatever it is told changes what is wanted and wakes the loop, which puts together anew what does not fit any more.
Engines stay loaded meanwhile, and the character remembers what was said.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

import psutil

from voicemate import __version__
from voicemate.app import Engines, Stage, assemble, opened
from voicemate.config import Settings, settings_file
from voicemate.control.protocol import Code
from voicemate.control.status import DeviceState, Models, Status
from voicemate.conversation.session import Session
from voicemate.daemon.backoff import Backoff
from voicemate.daemon.board import Board
from voicemate.daemon.changes import changes
from voicemate.daemon.following import ReplyFollowed, SayingFollowed, outcome
from voicemate.daemon.log import log_path
from voicemate.daemon.workshop import Workshop
from voicemate.errors import (
    AudioError,
    ControlError,
    ModelError,
    PersonaError,
    SettingsError,
    SpeechError,
    VoicemateError,
    first_error,
)
from voicemate.events import Event, EventStream, Fault, FloorChanged, FloorState, Recovered, Subscriber
from voicemate.personas.library import ShelvedPersona
from voicemate.personas.persona import Persona
from voicemate.settings_file import set_value

QUIET_S = 30.0
"""How long what is to be said, or a change, waits for the floor."""

WARM_S = 60.0
"""With push-to-talk, how long the microphone stays open after its last use: most turns follow soon upon another, and
opening costs some tenths of a second. After that it is closed, since an open one keeps a laptop awake."""

HELD_S = 60.0
"""A key that is down for longer has lost its release."""

READY_S = 120.0
"""How long it may take until a new character is there: it has to be read by the model, on a busy machine."""

_PLACES: dict[type[VoicemateError], str] = {
    SettingsError: "settings",
    PersonaError: "persona",
    ModelError: "models",
    SpeechError: "voice",
    AudioError: "sound",
}
"""Where a failure to converse is, for those who show it."""

log = logging.getLogger(__name__)


class Keeper:
    """See above; ``Controlled`` to the control server. Lives on one loop.

    Args:
        workshop: where the parts of a conversation come from.
        overrides: settings of the command line, by dotted key.
        offline: the locks that keep the process off the network, and whether each holds.
        greet: have the character greet when it first listens.
    """

    def __init__(
        self,
        workshop: Workshop,
        overrides: dict[str, Any] | None = None,
        offline: dict[str, bool] | None = None,
        greet: bool = True,
    ):
        self.events = EventStream()
        self._workshop = workshop
        self._overrides = dict(overrides or {})
        self._offline = dict(offline or {})
        self._to_greet = greet
        self._board = Board()
        self.events.subscribe(self._board.feed)
        self._began = time.monotonic()
        self._news = asyncio.Event()
        self._turn_to_speak = asyncio.Lock()
        self._speaking = 0  # says and asks that are under way
        self.stopped = asyncio.Event()  # ``stop`` was called
        self._listening = True
        self._muted = False
        self._pressed = False
        self._warm = False  # the microphone was used a short while ago
        self._closing: asyncio.TimerHandle | None = None  # of a microphone that is only kept warm
        self._releasing: asyncio.TimerHandle | None = None  # of a key that is held
        self._settings = Settings()
        self._shelved: ShelvedPersona | None = None
        self._stage: Stage | None = None
        self._session: Session | None = None
        self._hears = False  # the session has a microphone
        self.events.subscribe(self._cool)

    # ------------------------------------------------------------ keeping it up

    async def run(self) -> None:
        """Converse until ``stop``; then free everything."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        try:
            while not self.stopped.is_set():
                self._news.clear()
                began = loop.time()
                trouble: VoicemateError | None = None
                try:
                    await self._converse_or_sleep()
                except* VoicemateError as errors:
                    trouble = first_error(errors)
                except* Exception as errors:  # a mistake of ours: it is told, and the rest goes on
                    log.exception("the conversation broke")
                    first = errors.exceptions[0]
                    trouble = VoicemateError(
                        f"The conversation broke ({type(first).__name__})", "See `voicemate logs`"
                    )
                if trouble:
                    self._tell_trouble(trouble)
                    await self._news_or(asyncio.sleep(backoff.after(loop.time() - began)))
        finally:
            await self._workshop.engines.close()
            self._floor(FloorState.STOPPED, "the daemon ended")

    async def _converse_or_sleep(self) -> None:
        """One round: returns when something new is wanted.

        Raises:
            VoicemateError: something is missing, or broke.
        """
        self._settings = self._workshop.settings(self._overrides)
        self._recovered("settings")
        self._shelved = self._workshop.persona(self._settings.persona)
        self._recovered("persona")
        await self._news_or(self._converse(self._settings, self._shelved.persona))

    async def _converse(self, settings: Settings, persona: Persona) -> None:
        """Hold a conversation, or wait for a reason to."""
        hears = self._wants_microphone()
        if not self._listening and not hears and not self._speaking:
            self._floor(FloorState.STOPPED, "told not to listen")
            await self._news.wait()
            return
        self._floor(FloorState.STARTING, "loading the models")
        engines = await self._workshop.engines.fit(settings, persona)
        for where in ("models", "voice", "voicemate"):
            self._recovered(where)
        if not hears and not self._speaking:
            self._floor(FloorState.LISTENING, "waiting for the key")
            await self._news.wait()
            return
        stage = (self._workshop.listening if hears else self._workshop.speaking)(settings)
        told = EventStream()
        told.subscribe(self.events.emit)
        with self._workshop.keep(settings, persona, told):
            async with opened(stage):
                self._recovered("sound")
                self._stage, self._hears = stage, hears
                try:
                    await self._hold(settings, persona, stage, engines, told)
                finally:
                    self._stage, self._hears = None, False

    async def _hold(
        self, settings: Settings, persona: Persona, stage: Stage, engines: Engines, told: EventStream
    ) -> None:
        session = self._session = assemble(settings, stage, engines, told)
        session.mute(self._muted)
        if self._to_greet and persona.greeting and not self._pressed and not self._speaking:
            session.greet(persona.greeting)
        self._to_greet = False
        try:
            await session.run()
        finally:
            self._session = None

    def _wants_microphone(self) -> bool:
        hands_free = self._listening and self._settings.push_to_talk.hands_free
        return hands_free or self._pressed or self._warm

    def _cool(self, event: Event) -> None:
        """Close a microphone that was opened for the key once nobody has held the floor for a while."""
        if not isinstance(event, FloorChanged):
            return
        if self._closing:
            self._closing.cancel()
            self._closing = None
        if event.state is FloorState.LISTENING and self._warm and not self._pressed:
            self._closing = asyncio.get_running_loop().call_later(WARM_S, self._close_microphone)

    def _close_microphone(self) -> None:
        self._warm = False
        if not self._wants_microphone():
            self._news.set()

    async def _news_or(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` until it is done or something new is wanted; then it is cancelled, and waited for."""
        doing, news = asyncio.ensure_future(work), asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait((doing, news), return_when=asyncio.FIRST_COMPLETED)
        finally:
            doing.cancel()
            news.cancel()
            await asyncio.wait((doing, news))
        if not doing.cancelled():
            doing.result()

    def _tell_trouble(self, error: VoicemateError) -> None:
        where = next((place for kind, place in _PLACES.items() if isinstance(error, kind)), "voicemate")
        at = self._at()
        self._emit(Fault(at, where, error.wrong, error.remedy))
        self._emit(FloorChanged(at, FloorState.UNAVAILABLE, error.wrong))

    def _recovered(self, where: str) -> None:
        if self._board.has_problem(where):
            self._emit(Recovered(self._at(), where))

    def _floor(self, state: FloorState, reason: str) -> None:
        self._emit(FloorChanged(self._at(), state, reason))

    def _emit(self, event: Event) -> None:
        self.events.emit(event)

    def _at(self) -> int:
        """Now on the conversation's clock; 0 while there is none."""
        return self._stage.clock.now() if self._stage else 0

    # ------------------------------------------------------------ being told what to do

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        return self.events.subscribe(subscriber)

    def stop(self) -> None:
        self.stopped.set()
        self._news.set()

    async def listen(self, on: bool) -> None:
        if on != self._listening:
            self._listening = on
            self._warm = self._warm and on
            self._news.set()

    async def mute(self, on: bool) -> None:
        self._muted = on
        if self._session:
            self._session.mute(on)

    async def press(self) -> None:
        if self._pressed:
            return
        self._pressed = self._warm = True
        self._releasing = asyncio.get_running_loop().call_later(HELD_S, self._let_go)
        try:
            session = await self._at_microphone()
        except ControlError:
            self._let_go()
            raise
        if self._pressed:  # a short tap may be over before the microphone is open
            session.press()

    async def release(self) -> None:
        self._let_go()

    async def toggle(self) -> None:
        await (self.release() if self._pressed else self.press())

    async def interrupt(self) -> None:
        if self._session:
            self._session.interrupt()

    def _let_go(self) -> None:
        if self._releasing:
            self._releasing.cancel()
            self._releasing = None
        if self._pressed:
            self._pressed = False
            if self._session and self._hears:
                self._session.release()

    async def say(self, text: str) -> str:
        return await self._speak(SayingFollowed(), lambda session: session.greet(text))

    async def ask(self, text: str) -> str:
        return await self._speak(ReplyFollowed(), lambda session: session.ask(text))

    async def use_persona(self, name: str, keep: bool) -> dict[str, Any]:
        shelved = self._workshop.persona(name)
        named = str(shelved.file.resolve()) if shelved.source == "file" else shelved.key
        why_not = ""
        self._overrides["persona"] = named
        if keep:
            try:
                await asyncio.to_thread(set_value, "persona", named)
                del self._overrides["persona"]
            except SettingsError as error:
                why_not = str(error)
        self._to_greet = True
        self._news.set()
        if self._listening:
            await self._settled(READY_S)
        return {"persona": named, "character": shelved.persona.name, "kept": keep and not why_not, "why_not": why_not}

    async def reload(self) -> dict[str, Any]:
        new = self._workshop.settings(self._overrides)
        found = changes(self._settings, new)
        if found or self._board.state is FloorState.UNAVAILABLE:
            if self._session:
                with contextlib.suppress(ControlError):  # a change that has waited long enough is made all the same
                    await self._quiet()
            self._news.set()
            if self._listening:
                await self._settled(READY_S)
        return {"changed": [{"key": change.key, "effect": change.effect.value} for change in found]}

    def status(self) -> Status:
        settings, shelved = self._settings, self._shelved
        return Status(
            version=__version__,
            pid=os.getpid(),
            uptime_s=round(time.monotonic() - self._began, 1),
            state=self._state(),
            reason=self._board.reason,
            listening=self._listening,
            muted=self._muted,
            mode="hands-free" if settings.push_to_talk.hands_free else "push-to-talk",
            persona=settings.persona,
            character=shelved.persona.name if shelved else "",
            models=Models(
                hearing=settings.hearing.model, thinking=settings.thinking.model, speaking=settings.speaking.engine
            ),
            microphone=self._device("microphone", settings.audio.input),
            loudspeaker=self._device("loudspeaker", settings.audio.output),
            echo=settings.audio.echo,
            offline=self._offline,
            memory_mb=_memory_mb(),
            gaps_ms=[round(gap) for gap in self._board.gaps_ms],
            turns=self._board.turns,
            problems=self._board.problems,
            settings=str(settings_file()),
            log=str(log_path()),
        )

    def _state(self) -> str:
        if self.stopped.is_set():
            return "stopped"
        if self._board.state is FloorState.STOPPED:
            return "starting" if self._listening else "asleep"
        return self._board.state.value

    def _device(self, kind: str, wanted: str) -> DeviceState:
        stage = self._stage
        if stage is None or (kind == "microphone" and not self._hears):
            return DeviceState(name=wanted or "default", open=False)
        device = stage.microphone if kind == "microphone" else stage.loudspeaker
        return DeviceState(name=device.name, open=not self._board.has_problem(kind))

    # ------------------------------------------------------------ doing it

    async def _at_microphone(self) -> Session:
        """The conversation with its microphone open, which may have to be opened first.

        Raises:
            ControlError: it cannot be opened.
        """
        if self._session and self._hears:
            return self._session
        self._news.set()
        await self._settled(READY_S)
        return self._conversation()

    async def _speak(self, followed: Callable[[Event], str | None], begin: Callable[[Session], None]) -> str:
        """Have the character speak when nobody does; also when it does not listen."""
        self._speaking += 1
        try:
            if self._session is None:
                self._news.set()  # from sleep: a conversation is needed
            async with self._turn_to_speak:
                session = await self._quiet()
                return await outcome(self.events, followed, lambda: begin(session))
        finally:
            self._speaking -= 1
            if not self._speaking and not self._hears:
                self._news.set()

    async def _quiet(self) -> Session:
        """The conversation, as soon as nobody holds its floor.

        Raises:
            ControlError: there is none and will be none for now, or nobody stopped speaking.
        """
        while self._session is None or self._board.state is not FloorState.LISTENING or self._news.is_set():
            await self._settled(QUIET_S)
        return self._session

    def _conversation(self) -> Session:
        if self._session is None:
            raise ControlError("There is no conversation now", "See `voicemate status`", Code.UNAVAILABLE)
        return self._session

    async def _settled(self, patience_s: float) -> None:
        """Return when the floor becomes free.

        Raises:
            ControlError: something is missing, the daemon is about to end, or it takes longer.
        """

        def free(event: Event) -> bool | None:
            match event:
                case FloorChanged(state=FloorState.LISTENING):
                    return True
                case FloorChanged(state=FloorState.UNAVAILABLE):
                    raise ControlError(event.reason, "See `voicemate status`", Code.UNAVAILABLE)
            if self.stopped.is_set():
                raise ControlError("The daemon is about to end", code=Code.STOPPING)
            return None

        try:
            async with asyncio.timeout(patience_s):
                await outcome(self.events, free, lambda: None)
        except TimeoutError:
            reason = f"voicemate is still {self._state()}"
            raise ControlError(reason, "Try again in a while", Code.UNAVAILABLE) from None


def _memory_mb() -> float:
    """Resident memory of this process and of the helpers it has started."""
    total, this = 0, psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return round(total / 1e6, 1)
