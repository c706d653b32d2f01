"""Keeps one conversation up, and does what it is told: the daemon behind the control socket.

::

    read settings ──> asleep? ──> load engines ──> open devices ──> converse
          ^             │              │                │              │
          └── told something new ──────┴── trouble: named, told, tried again with back-off

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
        self._pressed = False
        self._settings = Settings()
        self._shelved: ShelvedPersona | None = None
        self._stage: Stage | None = None
        self._session: Session | None = None

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
        if not self._listening and not self._speaking:
            self._floor(FloorState.STOPPED, "told not to listen")
            await self._news.wait()
            return
        await self._news_or(self._converse(self._settings, self._shelved.persona))

    async def _converse(self, settings: Settings, persona: Persona) -> None:
        self._floor(FloorState.STARTING, "loading the models")
        engines = await self._workshop.engines.fit(settings, persona)
        for where in ("models", "voice", "voicemate"):
            self._recovered(where)
        stage = (self._workshop.listening if self._listening else self._workshop.speaking)(settings)
        told = EventStream()
        told.subscribe(self.events.emit)
        with self._workshop.keep(settings, persona, told):
            async with opened(stage):
                self._recovered("sound")
                self._stage = stage
                try:
                    await self._hold(settings, persona, stage, engines, told)
                finally:
                    self._stage = None

    async def _hold(
        self, settings: Settings, persona: Persona, stage: Stage, engines: Engines, told: EventStream
    ) -> None:
        session = self._session = assemble(settings, stage, engines, told)
        self._pressed = False
        if self._to_greet and self._listening and persona.greeting:
            session.greet(persona.greeting)
        self._to_greet = False
        try:
            await session.run()
        finally:
            self._session = None

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
            self._news.set()

    async def mute(self, on: bool) -> None:
        self._able("mute")(on)

    async def press(self) -> None:
        self._able("press")()
        self._pressed = True

    async def release(self) -> None:
        self._able("release")()
        self._pressed = False

    async def toggle(self) -> None:
        await (self.release() if self._pressed else self.press())

    async def interrupt(self) -> None:
        self._able("interrupt")()

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
            await self._quiet()
        return {"persona": named, "character": shelved.persona.name, "kept": keep and not why_not, "why_not": why_not}

    async def reload(self) -> dict[str, Any]:
        new = self._workshop.settings(self._overrides)
        found = changes(self._settings, new)
        if self._session and found:
            with contextlib.suppress(ControlError):  # a change that has waited long enough is made all the same
                await self._quiet()
        self._news.set()
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
            muted=False,
            mode="hands-free",
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
        if stage is None or (kind == "microphone" and not self._listening):
            return DeviceState(name=wanted or "default", open=False)
        device = stage.microphone if kind == "microphone" else stage.loudspeaker
        return DeviceState(name=device.name, open=not self._board.has_problem(kind))

    # ------------------------------------------------------------ doing it

    def _able(self, action: str) -> Callable[..., None]:
        """What the conversation that goes on does for ``action``."""
        if self._session is None:
            raise ControlError("There is no conversation now", "See `voicemate status`", Code.UNAVAILABLE)
        found = getattr(self._session, action, None)
        if found is None:
            raise ControlError(f"A conversation cannot {action} yet", "Wait for a later version", Code.UNAVAILABLE)
        return found

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
            if not self._speaking and not self._listening:
                self._news.set()

    async def _quiet(self) -> Session:
        """The conversation, as soon as nobody holds its floor.

        Raises:
            ControlError: there is none and will be none for now, or nobody stopped speaking.
        """
        if self._session and self._board.state is FloorState.LISTENING and not self._news.is_set():
            return self._session

        def quiet(event: Event) -> bool | None:
            match event:
                case FloorChanged(state=FloorState.LISTENING):
                    return True
                case FloorChanged(state=FloorState.UNAVAILABLE):
                    raise ControlError(event.reason, "See `voicemate status`", Code.UNAVAILABLE)
            if self.stopped.is_set():
                raise ControlError("The daemon is about to end", code=Code.STOPPING)
            return None

        try:
            async with asyncio.timeout(QUIET_S):
                await outcome(self.events, quiet, lambda: None)
        except TimeoutError:
            raise ControlError("Nobody stopped speaking", "Try again in a while", Code.UNAVAILABLE) from None
        if self._session is None:
            raise ControlError("The conversation ended", "See `voicemate status`", Code.UNAVAILABLE)
        return self._session


def _memory_mb() -> float:
    """Resident memory of this process and of the helpers it has started."""
    total, this = 0, psutil.Process()
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return round(total / 1e6, 1)
