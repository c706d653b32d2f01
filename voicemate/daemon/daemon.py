"""Carries out commands: each changes the desired state, or acts on the session that goes on.

::

    Daemon (commands) ──> DesiredState ──> Supervisor ──> ObservedState, events ──> StatusTracker ──> DaemonStatus
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from voicemate.audio.devices.device import DevicesChanged
from voicemate.config.editor import set_setting
from voicemate.config.schema import Settings
from voicemate.control.protocol import ErrorCode
from voicemate.control.status import Choices, DaemonStatus, RecentExchange, TypedReply
from voicemate.control.status_tracker import StatusTracker
from voicemate.conversation.session import Session
from voicemate.core.errors import ControlError, SettingsError
from voicemate.core.events import Event, EventStream, FloorChanged, FloorState, Subscriber
from voicemate.daemon.choices import load_choices
from voicemate.daemon.conversation_factory import ConversationFactory
from voicemate.daemon.desired_state import DesiredState
from voicemate.daemon.observed_state import ObservedState, daemon_status, state_name
from voicemate.daemon.outcomes import ReplyOutcome, SpeechOutcome, wait_for_event
from voicemate.daemon.settings_changes import ChangeEffect, settings_changes
from voicemate.daemon.supervisor import Supervisor
from voicemate.history import HistoryReader
from voicemate.push_to_talk.controller import PushToTalkController
from voicemate.system.machine_state import MachineState

FLOOR_TIMEOUT_S = 30.0
"""How long a text to say, or a change, waits for the floor."""

RESTART_TIMEOUT_S = 120.0
"""How long a restart may take: the model has to read a new character, on a busy machine."""

T = TypeVar("T")


class Daemon:
    """The ``Controllable`` of the control server, and the ``KeyTarget`` of the push-to-talk key. Lives on one loop.

    Args:
        factory: makes the parts of a conversation.
        overrides: settings of the command line, by dotted key.
        offline: for each lock that keeps the process off the network, whether it holds.
        greet: the character greets when it first listens.

    Attributes:
        events: of all conversations.
        key: the push-to-talk key.
        stopped: ``stop`` was called.
    """

    def __init__(
        self,
        factory: ConversationFactory,
        overrides: dict[str, Any] | None = None,
        offline: dict[str, bool] | None = None,
        greet: bool = True,
    ) -> None:
        self.events = EventStream()
        self.key = PushToTalkController(self, self._close_idle_microphone)
        self.stopped = asyncio.Event()
        self._factory = factory
        self._offline = dict(offline or {})
        self._started_at = time.monotonic()
        self._desired = DesiredState(overrides=dict(overrides or {}), greetings=int(greet))
        self._tracker = StatusTracker()
        self._supervisor = Supervisor(factory, self._desired, self.key, self.events, self._tracker)
        self._speech_lock = asyncio.Lock()
        self.events.subscribe(self._tracker.on_event)
        self.events.subscribe(self.key.on_event)
        self.add_settings_listener(lambda settings: self.key.apply_settings(settings.push_to_talk))

    @property
    def _observed(self) -> ObservedState:
        return self._supervisor.observed

    async def run(self) -> None:
        """Converse until ``stop``; then free everything."""
        await self._supervisor.run()

    def add_settings_listener(self, listener: Callable[[Settings], None]) -> None:
        """Call ``listener`` with the settings whenever they have been read."""
        self._supervisor.add_settings_listener(listener)

    # ------------------------------------------------------------ the machine

    def on_device_change(self, change: DevicesChanged) -> None:
        """Use devices that have come, and stop using those that have gone."""
        self._supervisor.on_device_change(change)

    def on_machine_state(self, machine: MachineState) -> None:
        """Follow the screen lock, sleep and the battery."""
        settings, before = self._observed.settings, self._desired
        after = replace(before, machine=machine)
        changed = after.sleep_reason(settings) != before.sleep_reason(settings)
        if changed and after.is_asleep(settings):
            self.key.cool_down()
        self._desire(after, restart=changed)

    def on_wake(self) -> None:
        """Reopen the devices after sleep: they may have changed, or be dead without an error."""
        self._supervisor.on_device_change(DevicesChanged(default_changed=True))

    # ------------------------------------------------------------ commands

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """See ``Controllable``."""
        return self.events.subscribe(subscriber)

    def status(self) -> DaemonStatus:
        """See ``Controllable``."""
        return daemon_status(self._desired, self._observed, self._tracker, self._offline, self._started_at)

    async def recent_exchanges(self, count: int) -> tuple[RecentExchange, ...]:
        """See ``Controllable``."""
        return await asyncio.to_thread(_read_exchanges, count)

    async def choices(self) -> Choices:
        """See ``Controllable``."""
        return await asyncio.to_thread(load_choices, self._observed.settings.persona)

    def stop(self) -> None:
        """See ``Controllable``."""
        self.stopped.set()
        self._desire(replace(self._desired, stopping=True), restart=True)

    async def listen(self, on: bool) -> None:
        """See ``Controllable``."""
        if on != self._desired.listening:
            if not on:
                self.key.cool_down()
            self._desire(replace(self._desired, listening=on), restart=True)

    async def mute(self, on: bool) -> None:
        """See ``Controllable``."""
        self._desire(replace(self._desired, muted=on))
        if self._observed.session:
            self._observed.session.mute(on)

    async def press(self, owner: object | None = None) -> None:
        """See ``Controllable``."""
        await self.key.press(owner)

    async def release(self) -> None:
        """See ``Controllable``."""
        self.key.release()

    async def release_owned(self, owner: object) -> None:
        """See ``Controllable``."""
        self.key.release_owned(owner)

    async def toggle(self) -> None:
        """See ``Controllable``."""
        await self.key.toggle()

    async def interrupt(self) -> None:
        """See ``Controllable``."""
        if self._observed.session:
            self._observed.session.interrupt()

    async def say(self, text: str) -> str:
        """See ``Controllable``."""
        return await self._speak(SpeechOutcome(), lambda session: session.greet(text))

    async def ask(self, text: str, request_id: str) -> TypedReply:
        """See ``Controllable``."""
        return await self._speak(ReplyOutcome(request_id), lambda session: session.ask(text, request_id))

    async def set_persona(self, name: str, keep: bool) -> dict[str, Any]:
        """See ``Controllable``."""
        entry = self._factory.find_persona(name)
        value = str(entry.file.resolve()) if entry.source == "file" else entry.key
        reason = ""
        self._override(persona=value)
        if keep:
            try:
                await asyncio.to_thread(set_setting, "persona", value)
                self._override(persona=None)
            except SettingsError as error:
                reason = str(error)
        self._desire(replace(self._desired, greetings=self._desired.greetings + 1))
        await self._restart_conversation()
        kept = keep and not reason
        return {"persona": value, "character": entry.persona.name, "kept": kept, "reason": reason}

    async def reload(self) -> dict[str, Any]:
        """See ``Controllable``."""
        settings = self._factory.load_settings(self._desired.overrides)
        changes = settings_changes(self._observed.settings, settings)
        if {change.effect for change in changes} == {ChangeEffect.PUSH_TO_TALK}:
            self._supervisor.apply_settings(settings)
        elif changes or self._tracker.state is FloorState.UNAVAILABLE:
            if self._observed.session:
                with contextlib.suppress(ControlError):  # a change that has waited long enough is made all the same
                    await self._wait_for_floor()
            await self._restart_conversation()
        return {"changed": [{"key": change.key, "effect": change.effect.value} for change in changes]}

    # ------------------------------------------------------------ the key; see ``KeyTarget``

    async def on_key_down(self) -> None:
        """Give the person the floor, as soon as the microphone is open.

        Raises:
            ControlError: there is no microphone.
        """
        self._factory.engines.start_reloading()
        session = await self._session_with_microphone()
        if self.key.is_down:  # a short tap may be over before the microphone is open
            session.press()

    def on_key_up(self) -> None:
        """End the person's turn."""
        if session := self._observed.session_with_microphone:
            session.release()

    def _close_idle_microphone(self) -> None:
        if not self._desired.is_hands_free(self._observed.settings) and not self.key.wants_microphone:
            self._supervisor.restart()

    # ------------------------------------------------------------ carrying them out

    def _desire(self, desired: DesiredState, restart: bool = False) -> None:
        self._desired = desired
        self._supervisor.apply(desired, restart)

    def _override(self, **overrides: str | None) -> None:
        """Override settings; None ends it."""
        changed = {**self._desired.overrides, **overrides}
        kept = {key: value for key, value in changed.items() if value is not None}
        self._desire(replace(self._desired, overrides=kept))

    async def _restart_conversation(self) -> None:
        """Begin another conversation; returns when it listens, if it is to listen."""
        self._supervisor.restart()
        if not self._desired.is_asleep(self._factory.load_settings(self._desired.overrides)):
            await self._wait_until_listening(RESTART_TIMEOUT_S)

    async def _session_with_microphone(self) -> Session:
        """The session with its microphone open, which may have to be opened first.

        Raises:
            ControlError: it cannot be opened.
        """
        if session := self._observed.session_with_microphone:
            return session
        self._supervisor.restart()
        await self._wait_until_listening(RESTART_TIMEOUT_S)
        if self._observed.session is None:
            raise ControlError("There is no conversation now", "See `voicemate status`", ErrorCode.UNAVAILABLE)
        return self._observed.session

    async def _speak(self, outcome: Callable[[Event], T | None], begin: Callable[[Session], None]) -> T:
        """Have the character speak as soon as the floor is free, also while asleep."""
        self._desire(replace(self._desired, pending_speech=self._desired.pending_speech + 1))
        try:
            if self._observed.session is None:
                self._supervisor.restart()  # from sleep: a conversation is needed
            async with self._speech_lock:
                await self._factory.engines.reload()
                session = await self._wait_for_floor()
                return await wait_for_event(self.events, outcome, lambda: begin(session))
        finally:
            pending = self._desired.pending_speech - 1
            restart = not pending and not self._observed.has_microphone
            self._desire(replace(self._desired, pending_speech=pending), restart)

    async def _wait_for_floor(self) -> Session:
        """The session, as soon as its floor is free.

        Raises:
            ControlError: there is none and will be none for now, or the floor was not free in time.
        """
        while (
            self._observed.session is None
            or self._tracker.state is not FloorState.LISTENING
            or self._supervisor.restart_pending
        ):
            await self._wait_until_listening(FLOOR_TIMEOUT_S)
        return self._observed.session

    async def _wait_until_listening(self, timeout_s: float) -> None:
        """Return when the floor becomes free.

        Raises:
            ControlError: something is missing, the daemon is about to end, or it takes longer.
        """

        def is_free(event: Event) -> bool | None:
            match event:
                case FloorChanged(state=FloorState.LISTENING):
                    return True
                case FloorChanged(state=FloorState.UNAVAILABLE):
                    raise ControlError(event.reason, "See `voicemate status`", ErrorCode.UNAVAILABLE)
                case _:
                    pass
            if self._desired.stopping:
                raise ControlError("The daemon is about to end", code=ErrorCode.STOPPING)
            return None

        try:
            async with asyncio.timeout(timeout_s):
                await wait_for_event(self.events, is_free, lambda: None)
        except TimeoutError:
            state = state_name(self._desired, self._observed, self._tracker)
            raise ControlError(f"voicemate is still {state}", "Try again in a while", ErrorCode.UNAVAILABLE) from None


def _read_exchanges(count: int) -> tuple[RecentExchange, ...]:
    """The last exchanges of the history. Blocks.

    Raises:
        HistoryError: it cannot be read.
    """
    with HistoryReader() as history:
        return tuple(RecentExchange(turn.persona, turn.said, turn.reply) for turn in history.recent(count))
