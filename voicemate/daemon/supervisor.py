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

from voicemate.app.conversation import AudioDevices, build_session, open_devices
from voicemate.audio.devices.device import DevicesChanged
from voicemate.config.schema import Settings
from voicemate.control.status_tracker import StatusTracker
from voicemate.conversation.session import Session
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.backoff import Backoff
from voicemate.core.errors import (
    AudioError,
    ModelError,
    PersonaError,
    SettingsError,
    SpeechError,
    VoicemateError,
    first_error,
)
from voicemate.core.events import EventStream, Fault, FloorChanged, FloorState, Recovered
from voicemate.daemon.conversation_factory import ConversationFactory
from voicemate.daemon.desired_state import DesiredState
from voicemate.daemon.idle_unloader import IdleUnloader
from voicemate.personas.library import LibraryPersona
from voicemate.personas.persona import Persona

_COMPONENTS: dict[type[VoicemateError], str] = {
    SettingsError: "settings",
    PersonaError: "persona",
    ModelError: "models",
    SpeechError: "voice",
    AudioError: "sound",
}
"""Where a failure to converse is, for those who show it."""

log = logging.getLogger(__name__)


class Supervisor:
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

    def __init__(
        self, factory: ConversationFactory, desired: DesiredState, events: EventStream, status: StatusTracker
    ):
        self._factory = factory
        self._desired = desired
        self._events = events
        self._status = status
        self.settings = Settings()
        self.persona_entry: LibraryPersona | None = None
        self.devices: AudioDevices | None = None
        self.session: Session | None = None
        self.has_microphone = False
        self._settings_listeners: list[Callable[[Settings], None]] = []
        self._idle_unloader = IdleUnloader(factory.engines.unload, factory.engines.start_reloading)
        events.subscribe(self._idle_unloader.on_event)
        self._devices_outdated = False  # devices have come or gone since they were last looked for
        self._reopening: asyncio.Task[None] | None = None

    def on_device_change(self, change: DevicesChanged) -> None:
        """The system says that devices came or went."""
        if self.devices is None:
            self._devices_outdated = True
            if self._status.has_problem("sound"):
                self._desired.changed.set()
        elif change.default_changed:
            self._reopening = asyncio.create_task(self._reopen(self.devices), name="renew devices")
        else:
            self.devices.retry_missing()

    def add_settings_listener(self, listener: Callable[[Settings], None]) -> None:
        """Have ``listener`` told the settings whenever they were read."""
        self._settings_listeners.append(listener)

    def apply_settings(self, settings: Settings) -> None:
        """The settings were read; what the conversation itself uses of them needs a new round."""
        self.settings = settings
        self._desired.key.settings = settings.push_to_talk
        self._idle_unloader.after_s = 60 * settings.idle.unload_min
        for listener in self._settings_listeners:
            listener(settings)

    async def run(self) -> None:
        """Converse until that is to stop; then free everything."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        try:
            while not self._desired.stopping.is_set():
                self._desired.changed.clear()
                began = loop.time()
                trouble: VoicemateError | None = None
                try:
                    await self._reconcile()
                except* VoicemateError as errors:
                    trouble = first_error(errors)
                except* Exception as errors:  # a mistake of ours: it is told, and the rest goes on
                    log.exception("the conversation broke")
                    first = errors.exceptions[0]
                    trouble = VoicemateError(
                        f"The conversation broke ({type(first).__name__})", "See `voicemate logs`"
                    )
                if trouble:
                    self._report_error(trouble)
                    await self._run_until_changed(asyncio.sleep(backoff.next_delay(loop.time() - began)))
        finally:
            self._idle_unloader.close()
            await self._factory.engines.close()
            self._report_floor(FloorState.STOPPED, "the daemon ended")

    async def _reconcile(self) -> None:
        """One round: returns when something new is wanted.

        Raises:
            VoicemateError: something is missing, or broke.
        """
        self.apply_settings(self._factory.settings(self._desired.overrides))
        self._report_recovery("settings")
        self.persona_entry = self._factory.persona(self.settings.persona)
        self._report_recovery("persona")
        await self._run_until_changed(self._converse(self.settings, self.persona_entry.persona))

    async def _converse(self, settings: Settings, persona: Persona) -> None:
        """Hold a conversation, or wait for a reason to."""
        wishes, hears = self._desired, self._desired.wants_microphone(settings)
        asleep = wishes.sleep_reason(settings)
        if asleep and not hears and not wishes.pending_speech:
            self._report_floor(FloorState.STOPPED, asleep)
            await wishes.changed.wait()
            return
        self._report_floor(FloorState.STARTING, "loading the models")
        engines = await self._factory.engines.load(settings, persona)
        for where in ("models", "voice", "voicemate"):
            self._report_recovery(where)
        if not hears and not wishes.pending_speech:
            self._report_floor(FloorState.LISTENING, "waiting for the key")
            await wishes.changed.wait()
            return
        stage = (self._factory.listening if hears else self._factory.speaking)(settings)
        if self._devices_outdated:
            self._devices_outdated = False
            await stage.reopen()
        told = EventStream()
        told.subscribe(self._events.emit)
        with self._factory.keep(settings, persona, told):
            async with open_devices(stage):
                self._report_recovery("sound")
                self.devices, self.has_microphone = stage, hears
                try:
                    await self._run_session(settings, persona, stage, engines, told)
                finally:
                    self.devices, self.has_microphone = None, False

    async def _run_session(
        self, settings: Settings, persona: Persona, stage: AudioDevices, engines: Engines, told: EventStream
    ) -> None:
        wishes, session = self._desired, build_session(settings, stage, engines, told)
        self.session = session
        session.mute(wishes.muted)
        if wishes.greet and persona.greeting and not wishes.key.down and not wishes.pending_speech:
            session.greet(persona.greeting)
        wishes.greet = False
        try:
            await session.run()
        finally:
            self.session = None

    async def _reopen(self, stage: AudioDevices) -> None:
        with contextlib.suppress(AudioError):  # the devices tell it themselves
            await stage.reopen()

    async def _run_until_changed(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work`` until it is done or something new is wanted; then it is cancelled, and waited for."""
        doing, news = asyncio.ensure_future(work), asyncio.ensure_future(self._desired.changed.wait())
        try:
            await asyncio.wait((doing, news), return_when=asyncio.FIRST_COMPLETED)
        finally:
            doing.cancel()
            news.cancel()
            await asyncio.wait((doing, news))
        if not doing.cancelled():
            doing.result()

    def _report_error(self, error: VoicemateError) -> None:
        where = next((place for kind, place in _COMPONENTS.items() if isinstance(error, kind)), "voicemate")
        at = self._now()
        self._events.emit(Fault(at, where, error.message, error.hint))
        self._events.emit(FloorChanged(at, FloorState.UNAVAILABLE, error.message))

    def _report_recovery(self, where: str) -> None:
        if self._status.has_problem(where):
            self._events.emit(Recovered(self._now(), where))

    def _report_floor(self, state: FloorState, reason: str) -> None:
        self._events.emit(FloorChanged(self._now(), state, reason))

    def _now(self) -> int:
        """Now on the conversation's clock; 0 while there is none."""
        return self.devices.clock.now() if self.devices else 0
