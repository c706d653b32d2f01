"""Does what the daemon is told, by changing what is wanted of the conversation that ``supervisor.py`` keeps up."""

import asyncio
import contextlib
from collections.abc import Callable
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
from voicemate.daemon.outcomes import ReplyOutcome, SpeechOutcome, wait_for_event
from voicemate.daemon.reporting import StatusReport
from voicemate.daemon.settings_changes import ChangeEffect, settings_changes
from voicemate.daemon.supervisor import Supervisor
from voicemate.history import HistoryReader
from voicemate.push_to_talk.key import MicrophoneKey
from voicemate.system.circumstances import MachineState

FLOOR_TIMEOUT_S = 30.0
"""How long what is to be said, or a change, waits for the floor."""

RESTART_TIMEOUT_S = 120.0
"""How long it may take until a new character is there: it has to be read by the model, on a busy machine."""


T = TypeVar("T")


class Daemon:
    """``Controlled`` to the control server. Lives on one loop.

    Args:
        workshop: where the parts of a conversation come from.
        overrides: settings of the command line, by dotted key.
        offline: the locks that keep the process off the network, and whether each holds.
        greet: have the character greet when it first listens.
    """

    def __init__(
        self,
        factory: ConversationFactory,
        overrides: dict[str, Any] | None = None,
        offline: dict[str, bool] | None = None,
        greet: bool = True,
    ):
        self.events = EventStream()
        self._factory = factory
        self._desired = DesiredState(
            MicrophoneKey(self._release_key, self._close_idle_microphone), dict(overrides or {}), greet
        )
        self._status_tracker = StatusTracker()
        self._supervisor = Supervisor(factory, self._desired, self.events, self._status_tracker)
        self._status_report = StatusReport(self._desired, self._supervisor, self._status_tracker, dict(offline or {}))
        self._key_owner: object | None = None
        self._speech_lock = asyncio.Lock()
        self.events.subscribe(self._status_tracker.on_event)
        self.events.subscribe(self._desired.key.on_event)

    @property
    def stopped(self) -> asyncio.Event:
        """``stop`` was called."""
        return self._desired.stopping

    @property
    def key_is_down(self) -> bool:
        """The push-to-talk key is down, whoever pressed it."""
        return self._desired.key.down

    async def run(self) -> None:
        """Converse until ``stop``; then free everything."""
        await self._supervisor.run()

    def add_settings_listener(self, listener: Callable[[Settings], None]) -> None:
        """Have ``listener`` told the settings whenever they were read."""
        self._supervisor.add_settings_listener(listener)

    def on_device_change(self, change: DevicesChanged) -> None:
        """The system says that devices came or went."""
        self._supervisor.on_device_change(change)

    def on_machine_state(self, machine: MachineState) -> None:
        """The machine is in something else now, which may be a reason to pause, or no longer one."""
        wishes, settings = self._desired, self._supervisor.settings
        before, wishes.machine = wishes.sleep_reason(settings), machine
        after = wishes.sleep_reason(settings)
        if after != before:
            wishes.key.warm = wishes.key.warm and not after
            wishes.changed.set()

    def on_wake(self) -> None:
        """The machine has slept: its devices may be others now, or dead without a word."""
        self._supervisor.on_device_change(DevicesChanged(default_changed=True))

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        return self.events.subscribe(subscriber)

    def status(self) -> DaemonStatus:
        return self._status_report.status()

    # ------------------------------------------------------------ being told what to do

    def stop(self) -> None:
        self._desired.stopping.set()
        self._desired.changed.set()

    async def listen(self, on: bool) -> None:
        wishes = self._desired
        if on != wishes.listening:
            wishes.listening = on
            wishes.key.warm = wishes.key.warm and on
            wishes.changed.set()

    async def mute(self, on: bool) -> None:
        self._desired.muted = on
        if self._supervisor.session:
            self._supervisor.session.mute(on)

    async def press(self, owner: object | None = None) -> None:
        if owner is not None:
            self._key_owner = owner
        if self._desired.key.down:
            return
        self._key_owner = owner
        self._desired.key.press()
        self._factory.engines.start_reloading()
        try:
            session = await self._session_with_microphone()
        except ControlError:
            self._release_key()
            raise
        if self._desired.key.down:  # a short tap may be over before the microphone is open
            session.press()

    async def release(self) -> None:
        self._release_key()

    async def release_owned(self, owner: object) -> None:
        if self._key_owner is owner:
            self._release_key()

    async def toggle(self) -> None:
        await (self.release() if self._desired.key.down else self.press())

    async def interrupt(self) -> None:
        if self._supervisor.session:
            self._supervisor.session.interrupt()

    async def say(self, text: str) -> str:
        return await self._speak(SpeechOutcome(), lambda session: session.greet(text))

    async def ask(self, text: str, request_id: str) -> TypedReply:
        return await self._speak(ReplyOutcome(), lambda session: session.ask(text))

    async def recent_exchanges(self, count: int) -> tuple[RecentExchange, ...]:
        return await asyncio.to_thread(_read_exchanges, count)

    async def choices(self) -> Choices:
        return await asyncio.to_thread(load_choices, self._supervisor.settings.persona)

    async def set_persona(self, name: str, keep: bool) -> dict[str, Any]:
        shelved = self._factory.persona(name)
        named = str(shelved.file.resolve()) if shelved.source == "file" else shelved.key
        why_not = ""
        overrides = self._desired.overrides
        overrides["persona"] = named
        if keep:
            try:
                await asyncio.to_thread(set_setting, "persona", named)
                del overrides["persona"]
            except SettingsError as error:
                why_not = str(error)
        self._desired.greet = True
        await self._restart_conversation()
        return {"persona": named, "character": shelved.persona.name, "kept": keep and not why_not, "reason": why_not}

    async def reload(self) -> dict[str, Any]:
        new = self._factory.settings(self._desired.overrides)
        found = settings_changes(self._supervisor.settings, new)
        if {change.effect for change in found} == {
            ChangeEffect.PUSH_TO_TALK
        }:  # the conversation has nothing to do with it
            self._supervisor.apply_settings(new)
        elif found or self._status_tracker.state is FloorState.UNAVAILABLE:
            if self._supervisor.session:
                with contextlib.suppress(ControlError):  # a change that has waited long enough is made all the same
                    await self._wait_for_floor()
            await self._restart_conversation()
        return {"changed": [{"key": change.key, "effect": change.effect.value} for change in found]}

    # ------------------------------------------------------------ doing it

    async def _restart_conversation(self) -> None:
        """Put the conversation together anew; returns when it listens again, if it is to listen."""
        self._desired.changed.set()
        if not self._desired.sleep_reason(self._factory.settings(self._desired.overrides)):
            await self._wait_until_listening(RESTART_TIMEOUT_S)

    def _release_key(self) -> None:
        self._key_owner = None
        if self._desired.key.release() and self._supervisor.session and self._supervisor.has_microphone:
            self._supervisor.session.release()

    def _close_idle_microphone(self) -> None:
        """Close a microphone that was opened for the key only."""
        if not self._desired.wants_microphone(self._supervisor.settings):
            self._desired.changed.set()

    async def _session_with_microphone(self) -> Session:
        """The conversation with its microphone open, which may have to be opened first.

        Raises:
            ControlError: it cannot be opened.
        """
        if self._supervisor.session and self._supervisor.has_microphone:
            return self._supervisor.session
        self._desired.changed.set()
        await self._wait_until_listening(RESTART_TIMEOUT_S)
        return self._require_session()

    async def _speak(self, followed: Callable[[Event], T | None], begin: Callable[[Session], None]) -> T:
        """Have the character speak when nobody does; also when it does not listen."""
        wishes = self._desired
        wishes.pending_speech += 1
        try:
            if self._supervisor.session is None:
                wishes.changed.set()  # from sleep: a conversation is needed
            async with self._speech_lock:
                await self._factory.engines.reload()
                session = await self._wait_for_floor()
                return await wait_for_event(self.events, followed, lambda: begin(session))
        finally:
            wishes.pending_speech -= 1
            if not wishes.pending_speech and not self._supervisor.has_microphone:
                wishes.changed.set()

    async def _wait_for_floor(self) -> Session:
        """The conversation, as soon as nobody holds its floor.

        Raises:
            ControlError: there is none and will be none for now, or nobody stopped speaking.
        """
        while (
            self._supervisor.session is None
            or self._status_tracker.state is not FloorState.LISTENING
            or self._desired.changed.is_set()
        ):
            await self._wait_until_listening(FLOOR_TIMEOUT_S)
        return self._supervisor.session

    def _require_session(self) -> Session:
        if self._supervisor.session is None:
            raise ControlError("There is no conversation now", "See `voicemate status`", ErrorCode.UNAVAILABLE)
        return self._supervisor.session

    async def _wait_until_listening(self, timeout_s: float) -> None:
        """Return when the floor becomes free.

        Raises:
            ControlError: something is missing, the daemon is about to end, or it takes longer.
        """

        def free(event: Event) -> bool | None:
            match event:
                case FloorChanged(state=FloorState.LISTENING):
                    return True
                case FloorChanged(state=FloorState.UNAVAILABLE):
                    raise ControlError(event.reason, "See `voicemate status`", ErrorCode.UNAVAILABLE)
            if self._desired.stopping.is_set():
                raise ControlError("The daemon is about to end", code=ErrorCode.STOPPING)
            return None

        try:
            async with asyncio.timeout(timeout_s):
                await wait_for_event(self.events, free, lambda: None)
        except TimeoutError:
            reason = f"voicemate is still {self._status_report.state()}"
            raise ControlError(reason, "Try again in a while", ErrorCode.UNAVAILABLE) from None


def _read_exchanges(count: int) -> tuple[RecentExchange, ...]:
    """The last exchanges of the history. Blocks.

    Raises:
        HistoryError: it cannot be read.
    """
    with HistoryReader() as history:
        return tuple(RecentExchange(turn.persona, turn.said, turn.reply) for turn in history.recent(count))
