"""Keeps one conversation running as the desired state asks for it.

::

    read settings ──> asleep? ──> load engines ──> waiting for the key? ──> open devices ──> run the session
          ^             │              │                    │                    │                 │
          └─────── another state is desired, or an error: it is reported, and retried with back-off ┘

A change of the desired state that needs another conversation ends the current one. Engines stay loaded, and the
character remembers the conversation.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol

from voicemate.app.conversation import open_conversation
from voicemate.audio.devices.device import DevicesChanged
from voicemate.config.schema import Settings
from voicemate.control.status_tracker import StatusTracker
from voicemate.conversation.session import Session
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
from voicemate.daemon.engines.idle_unloader import IdleUnloader
from voicemate.daemon.observed_state import ObservedState
from voicemate.personas.persona import Persona

_COMPONENTS: dict[type[VoicemateError], str] = {
    SettingsError: "settings",
    PersonaError: "persona",
    ModelError: "models",
    SpeechError: "voice",
    AudioError: "sound",
}
"""The component of the fault that an error becomes."""

log = logging.getLogger(__name__)


class KeyReader(Protocol):
    """The push-to-talk key, to read."""

    is_down: bool

    @property
    def wants_microphone(self) -> bool:
        """Whether the microphone is to be open for the key."""
        ...


class Supervisor:
    """Reconciles the observed state with the desired one. Lives on one loop.

    Args:
        factory: makes the parts of a conversation.
        desired: the state to begin with.
        key: opens the microphone too.
        events: takes the events of all conversations, and its own.
        tracker: knows which problems persist.

    Attributes:
        observed: what goes on.
    """

    def __init__(
        self,
        factory: ConversationFactory,
        desired: DesiredState,
        key: KeyReader,
        events: EventStream,
        tracker: StatusTracker,
    ) -> None:
        self.observed = ObservedState()
        self._factory = factory
        self._desired = desired
        self._key = key
        self._events = events
        self._tracker = tracker
        self._changed = asyncio.Event()
        self._greetings = 0  # that have been given, or left out
        self._settings_listeners: list[Callable[[Settings], None]] = []
        self._idle_unloader = IdleUnloader(factory.engines.unload, factory.engines.start_reloading)
        events.subscribe(self._idle_unloader.on_event)
        self._devices_outdated = False  # devices have come or gone since the last search
        self._reopening: asyncio.Task[None] | None = None

    @property
    def restart_pending(self) -> bool:
        """The conversation is about to end and another one to begin."""
        return self._changed.is_set()

    def apply(self, desired: DesiredState, restart: bool = False) -> None:
        """Take ``desired``.

        Args:
            restart: the change needs another conversation.
        """
        self._desired = desired
        if restart:
            self.restart()

    def restart(self) -> None:
        """End the conversation or the wait, and begin again with the desired state."""
        self._changed.set()

    def on_device_change(self, change: DevicesChanged) -> None:
        """Reopen the devices, or open those that were missing."""
        devices = self.observed.devices
        if devices is None:
            self._devices_outdated = True
            if self._tracker.has_problem("sound"):
                self.restart()
        elif change.default_changed:
            self._reopening = asyncio.create_task(_ignoring_audio_error(devices.reopen()), name="reopen devices")
        else:
            devices.retry_missing()

    def add_settings_listener(self, listener: Callable[[Settings], None]) -> None:
        """Call ``listener`` with the settings whenever they have been read."""
        self._settings_listeners.append(listener)

    def apply_settings(self, settings: Settings) -> None:
        """Use ``settings`` where that needs no restart."""
        self.observed = replace(self.observed, settings=settings)
        self._idle_unloader.after_s = 60 * settings.idle.unload_min
        for listener in self._settings_listeners:
            listener(settings)

    async def run(self) -> None:
        """Keep a conversation running until ``stopping``; then free everything."""
        backoff, loop = Backoff(), asyncio.get_running_loop()
        try:
            while not self._desired.stopping:
                self._changed.clear()
                began = loop.time()
                failure: VoicemateError | None = None
                try:
                    await self._reconcile()
                except* VoicemateError as errors:
                    failure = first_error(errors)
                except* Exception as errors:  # a bug: it is reported, and everything else goes on
                    log.exception("the conversation broke")
                    kind = type(errors.exceptions[0]).__name__
                    failure = VoicemateError(f"The conversation broke ({kind})", "See `voicemate logs`")
                if failure:
                    self._report_error(failure)
                    await self._run_until_changed(asyncio.sleep(backoff.next_delay(loop.time() - began)))
        finally:
            self._idle_unloader.close()
            await self._factory.engines.close()
            self._report_floor(FloorState.STOPPED, "the daemon ended")

    async def _reconcile(self) -> None:
        """Run what the desired state asks for; returns when it has changed.

        Raises:
            VoicemateError: something is missing, or broke.
        """
        self.apply_settings(self._factory.load_settings(self._desired.overrides))
        self._report_recovery("settings")
        persona = self._factory.find_persona(self.observed.settings.persona)
        self.observed = replace(self.observed, persona=persona)
        self._report_recovery("persona")
        await self._run_until_changed(self._converse(self.observed.settings, persona.persona))

    async def _converse(self, settings: Settings, persona: Persona) -> None:
        """Run a conversation, or wait where none is desired."""
        desired = self._desired
        with_microphone = desired.is_hands_free(settings) or self._key.wants_microphone
        is_idle = not with_microphone and not desired.pending_speech
        if is_idle and desired.is_asleep(settings):
            self._report_floor(FloorState.STOPPED, desired.sleep_reason(settings))
            await self._changed.wait()
            return
        self._report_floor(FloorState.STARTING, "loading the models")
        engines = await self._factory.engines.load(settings, persona)
        for component in ("models", "voice", "voicemate"):
            self._report_recovery(component)
        if not with_microphone and not self._desired.pending_speech:
            self._report_floor(FloorState.LISTENING, "waiting for the key")
            await self._changed.wait()
            return
        devices = self._factory.make_devices(settings, with_microphone)
        if self._devices_outdated:
            self._devices_outdated = False
            await devices.reopen()
        events = EventStream()
        events.subscribe(self._events.emit)
        async with open_conversation(
            settings,
            persona,
            devices,
            contextlib.nullcontext(engines),
            events,
            history=self._factory.keep_history(settings, persona, events),
            greet=False,
        ) as session:
            self._report_recovery("sound")
            self.observed = replace(self.observed, devices=devices, session=session, has_microphone=with_microphone)
            try:
                self._prepare(session, persona)
                await session.run()
            finally:
                self.observed = replace(self.observed, session=None)
                self.observed = replace(self.observed, devices=None, has_microphone=False)

    def _prepare(self, session: Session, persona: Persona) -> None:
        """Mute it if that is desired, and have it greet if a greeting is due and nothing else is to be said."""
        desired = self._desired
        session.mute(desired.muted)
        is_due = self._greetings < desired.greetings
        if is_due and persona.greeting and not self._key.is_down and not desired.pending_speech:
            session.greet(persona.greeting)
        self._greetings = desired.greetings

    async def _run_until_changed(self, work: Coroutine[Any, Any, None]) -> None:
        """Await ``work``; cancel it, and wait for that, if a restart is due before it is done."""
        working, changed = asyncio.ensure_future(work), asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((working, changed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            working.cancel()
            changed.cancel()
            await asyncio.wait((working, changed))
        if not working.cancelled():
            working.result()

    def _report_error(self, error: VoicemateError) -> None:
        component = next((name for kind, name in _COMPONENTS.items() if isinstance(error, kind)), "voicemate")
        at = self._now()
        self._events.emit(Fault(at, component, error.message, error.hint))
        self._events.emit(FloorChanged(at, FloorState.UNAVAILABLE, error.message))

    def _report_recovery(self, component: str) -> None:
        if self._tracker.has_problem(component):
            self._events.emit(Recovered(self._now(), component))

    def _report_floor(self, state: FloorState, reason: str) -> None:
        self._events.emit(FloorChanged(self._now(), state, reason))

    def _now(self) -> int:
        """The position of the conversation's clock, in samples; 0 while there is none."""
        return self.observed.devices.clock.now() if self.observed.devices else 0


async def _ignoring_audio_error(reopening: Awaitable[None]) -> None:
    with contextlib.suppress(AudioError):  # the devices report it
        await reopening
