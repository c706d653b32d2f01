"""Keeps one conversation up.

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
from collections.abc import Callable, Coroutine
from typing import Any

from voicemate.app import Stage, assemble, opened
from voicemate.audio.device_changes import DevicesChanged
from voicemate.config import Settings
from voicemate.conversation.session import Session
from voicemate.daemon.backoff import Backoff
from voicemate.daemon.board import Board
from voicemate.daemon.idling import Idling
from voicemate.daemon.wishes import Wishes
from voicemate.daemon.workshop import Workshop
from voicemate.engines import Engines
from voicemate.errors import (
    AudioError,
    ModelError,
    PersonaError,
    SettingsError,
    SpeechError,
    VoicemateError,
    first_error,
)
from voicemate.events import EventStream, Fault, FloorChanged, FloorState, Recovered
from voicemate.personas.library import ShelvedPersona
from voicemate.personas.persona import Persona

_PLACES: dict[type[VoicemateError], str] = {
    SettingsError: "settings",
    PersonaError: "persona",
    ModelError: "models",
    SpeechError: "voice",
    AudioError: "sound",
}
"""Where a failure to converse is, for those who show it."""

log = logging.getLogger(__name__)


class Upkeep:
    """See above. Lives on one loop.

    Args:
        workshop: where the parts of a conversation come from.
        wishes: what is wanted; its ``news`` wakes the loop.
        events: where everything is told.
        board: what was told last.

    Attributes:
        settings, shelved: in use, or last in use.
        stage: its devices are open.
        session: the conversation that goes on.
        hears: it has a microphone.
    """

    def __init__(self, workshop: Workshop, wishes: Wishes, events: EventStream, board: Board):
        self._workshop = workshop
        self._wishes = wishes
        self._events = events
        self._board = board
        self.settings = Settings()
        self.shelved: ShelvedPersona | None = None
        self.stage: Stage | None = None
        self.session: Session | None = None
        self.hears = False
        self._settings_listeners: list[Callable[[Settings], None]] = []
        self._idling = Idling(workshop.engines.rest, workshop.engines.wake)
        events.subscribe(self._idling.feed)
        self._outdated = False  # devices have come or gone since they were last looked for
        self._renewing: asyncio.Task[None] | None = None

    def devices_changed(self, told: DevicesChanged) -> None:
        """The system says that devices came or went."""
        if self.stage is None:
            self._outdated = True
            if self._board.has_problem("sound"):
                self._wishes.news.set()
        elif told.moved:
            self._renewing = asyncio.create_task(self._renew(self.stage), name="renew devices")
        else:
            self.stage.retry()

    def on_settings(self, listener: Callable[[Settings], None]) -> None:
        """Have ``listener`` told the settings whenever they were read."""
        self._settings_listeners.append(listener)

    def use(self, settings: Settings) -> None:
        """The settings were read; what the conversation itself uses of them needs a new round."""
        self.settings = settings
        self._wishes.key.settings = settings.push_to_talk
        self._idling.after_s = 60 * settings.idle.unload_min
        for listener in self._settings_listeners:
            listener(settings)

    async def run(self) -> None:
        """Converse until that is to stop; then free everything."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        try:
            while not self._wishes.stop.is_set():
                self._wishes.news.clear()
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
            self._idling.close()
            await self._workshop.engines.close()
            self._floor(FloorState.STOPPED, "the daemon ended")

    async def _converse_or_sleep(self) -> None:
        """One round: returns when something new is wanted.

        Raises:
            VoicemateError: something is missing, or broke.
        """
        self.use(self._workshop.settings(self._wishes.overrides))
        self._recovered("settings")
        self.shelved = self._workshop.persona(self.settings.persona)
        self._recovered("persona")
        await self._news_or(self._converse(self.settings, self.shelved.persona))

    async def _converse(self, settings: Settings, persona: Persona) -> None:
        """Hold a conversation, or wait for a reason to."""
        wishes, hears = self._wishes, self._wishes.microphone(settings)
        asleep = wishes.asleep(settings)
        if asleep and not hears and not wishes.speaking:
            self._floor(FloorState.STOPPED, asleep)
            await wishes.news.wait()
            return
        self._floor(FloorState.STARTING, "loading the models")
        engines = await self._workshop.engines.fit(settings, persona)
        for where in ("models", "voice", "voicemate"):
            self._recovered(where)
        if not hears and not wishes.speaking:
            self._floor(FloorState.LISTENING, "waiting for the key")
            await wishes.news.wait()
            return
        stage = (self._workshop.listening if hears else self._workshop.speaking)(settings)
        if self._outdated:
            self._outdated = False
            await stage.renew()
        told = EventStream()
        told.subscribe(self._events.emit)
        with self._workshop.keep(settings, persona, told):
            async with opened(stage):
                self._recovered("sound")
                self.stage, self.hears = stage, hears
                try:
                    await self._hold(settings, persona, stage, engines, told)
                finally:
                    self.stage, self.hears = None, False

    async def _hold(
        self, settings: Settings, persona: Persona, stage: Stage, engines: Engines, told: EventStream
    ) -> None:
        wishes, session = self._wishes, assemble(settings, stage, engines, told)
        self.session = session
        session.mute(wishes.muted)
        if wishes.greet and persona.greeting and not wishes.key.down and not wishes.speaking:
            session.greet(persona.greeting)
        wishes.greet = False
        try:
            await session.run()
        finally:
            self.session = None

    async def _renew(self, stage: Stage) -> None:
        with contextlib.suppress(AudioError):  # the devices tell it themselves
            await stage.renew()

    async def _news_or(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` until it is done or something new is wanted; then it is cancelled, and waited for."""
        doing, news = asyncio.ensure_future(work), asyncio.ensure_future(self._wishes.news.wait())
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
        self._events.emit(Fault(at, where, error.wrong, error.remedy))
        self._events.emit(FloorChanged(at, FloorState.UNAVAILABLE, error.wrong))

    def _recovered(self, where: str) -> None:
        if self._board.has_problem(where):
            self._events.emit(Recovered(self._at(), where))

    def _floor(self, state: FloorState, reason: str) -> None:
        self._events.emit(FloorChanged(self._at(), state, reason))

    def _at(self) -> int:
        """Now on the conversation's clock; 0 while there is none."""
        return self.stage.clock.now() if self.stage else 0
