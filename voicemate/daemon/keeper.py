"""Does what the daemon is told, by changing what is wanted of the conversation that ``upkeep.py`` keeps up."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from voicemate.audio.device_changes import DevicesChanged
from voicemate.config import Settings
from voicemate.control.protocol import Code
from voicemate.control.status import Status
from voicemate.conversation.session import Session
from voicemate.daemon.board import Board
from voicemate.daemon.changes import Effect, changes
from voicemate.daemon.following import ReplyFollowed, SayingFollowed, outcome
from voicemate.daemon.key import Key
from voicemate.daemon.reporting import Reporter
from voicemate.daemon.upkeep import Upkeep
from voicemate.daemon.wishes import Wishes
from voicemate.daemon.workshop import Workshop
from voicemate.errors import ControlError, SettingsError
from voicemate.events import Event, EventStream, FloorChanged, FloorState, Subscriber
from voicemate.machine.circumstances import Circumstances
from voicemate.settings_file import set_value

QUIET_S = 30.0
"""How long what is to be said, or a change, waits for the floor."""

READY_S = 120.0
"""How long it may take until a new character is there: it has to be read by the model, on a busy machine."""


class Keeper:
    """``Controlled`` to the control server. Lives on one loop.

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
        self._wishes = Wishes(Key(self._let_go, self._cold), dict(overrides or {}), greet)
        self._board = Board()
        self._upkeep = Upkeep(workshop, self._wishes, self.events, self._board)
        self._reporter = Reporter(self._wishes, self._upkeep, self._board, dict(offline or {}))
        self._turn_to_speak = asyncio.Lock()
        self.events.subscribe(self._board.feed)
        self.events.subscribe(self._wishes.key.feed)

    @property
    def stopped(self) -> asyncio.Event:
        """``stop`` was called."""
        return self._wishes.stop

    @property
    def pressed(self) -> bool:
        """The push-to-talk key is down, whoever pressed it."""
        return self._wishes.key.down

    async def run(self) -> None:
        """Converse until ``stop``; then free everything."""
        await self._upkeep.run()

    def on_settings(self, listener: Callable[[Settings], None]) -> None:
        """Have ``listener`` told the settings whenever they were read."""
        self._upkeep.on_settings(listener)

    def devices_changed(self, told: DevicesChanged) -> None:
        """The system says that devices came or went."""
        self._upkeep.devices_changed(told)

    def circumstances_changed(self, now: Circumstances) -> None:
        """The machine is in something else now, which may be a reason to pause, or no longer one."""
        wishes, settings = self._wishes, self._upkeep.settings
        before, wishes.circumstances = wishes.asleep(settings), now
        after = wishes.asleep(settings)
        if after != before:
            wishes.key.warm = wishes.key.warm and not after
            wishes.news.set()

    def woke(self) -> None:
        """The machine has slept: its devices may be others now, or dead without a word."""
        self._upkeep.devices_changed(DevicesChanged(moved=True))

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        return self.events.subscribe(subscriber)

    def status(self) -> Status:
        return self._reporter.status()

    # ------------------------------------------------------------ being told what to do

    def stop(self) -> None:
        self._wishes.stop.set()
        self._wishes.news.set()

    async def listen(self, on: bool) -> None:
        wishes = self._wishes
        if on != wishes.listening:
            wishes.listening = on
            wishes.key.warm = wishes.key.warm and on
            wishes.news.set()

    async def mute(self, on: bool) -> None:
        self._wishes.muted = on
        if self._upkeep.session:
            self._upkeep.session.mute(on)

    async def press(self) -> None:
        if self._wishes.key.down:
            return
        self._wishes.key.press()
        self._workshop.engines.wake()
        try:
            session = await self._at_microphone()
        except ControlError:
            self._let_go()
            raise
        if self._wishes.key.down:  # a short tap may be over before the microphone is open
            session.press()

    async def release(self) -> None:
        self._let_go()

    async def toggle(self) -> None:
        await (self.release() if self._wishes.key.down else self.press())

    async def interrupt(self) -> None:
        if self._upkeep.session:
            self._upkeep.session.interrupt()

    async def say(self, text: str) -> str:
        return await self._speak(SayingFollowed(), lambda session: session.greet(text))

    async def ask(self, text: str) -> str:
        return await self._speak(ReplyFollowed(), lambda session: session.ask(text))

    async def use_persona(self, name: str, keep: bool) -> dict[str, Any]:
        shelved = self._workshop.persona(name)
        named = str(shelved.file.resolve()) if shelved.source == "file" else shelved.key
        why_not = ""
        overrides = self._wishes.overrides
        overrides["persona"] = named
        if keep:
            try:
                await asyncio.to_thread(set_value, "persona", named)
                del overrides["persona"]
            except SettingsError as error:
                why_not = str(error)
        self._wishes.greet = True
        await self._renew()
        return {"persona": named, "character": shelved.persona.name, "kept": keep and not why_not, "why_not": why_not}

    async def reload(self) -> dict[str, Any]:
        new = self._workshop.settings(self._wishes.overrides)
        found = changes(self._upkeep.settings, new)
        if {change.effect for change in found} == {Effect.HOTKEY}:  # the conversation has nothing to do with it
            self._upkeep.use(new)
        elif found or self._board.state is FloorState.UNAVAILABLE:
            if self._upkeep.session:
                with contextlib.suppress(ControlError):  # a change that has waited long enough is made all the same
                    await self._quiet()
            await self._renew()
        return {"changed": [{"key": change.key, "effect": change.effect.value} for change in found]}

    # ------------------------------------------------------------ doing it

    async def _renew(self) -> None:
        """Put the conversation together anew; returns when it listens again, if it is to listen."""
        self._wishes.news.set()
        if not self._wishes.asleep(self._workshop.settings(self._wishes.overrides)):
            await self._settled(READY_S)

    def _let_go(self) -> None:
        if self._wishes.key.release() and self._upkeep.session and self._upkeep.hears:
            self._upkeep.session.release()

    def _cold(self) -> None:
        """Close a microphone that was opened for the key only."""
        if not self._wishes.microphone(self._upkeep.settings):
            self._wishes.news.set()

    async def _at_microphone(self) -> Session:
        """The conversation with its microphone open, which may have to be opened first.

        Raises:
            ControlError: it cannot be opened.
        """
        if self._upkeep.session and self._upkeep.hears:
            return self._upkeep.session
        self._wishes.news.set()
        await self._settled(READY_S)
        return self._conversation()

    async def _speak(self, followed: Callable[[Event], str | None], begin: Callable[[Session], None]) -> str:
        """Have the character speak when nobody does; also when it does not listen."""
        wishes = self._wishes
        wishes.speaking += 1
        try:
            if self._upkeep.session is None:
                wishes.news.set()  # from sleep: a conversation is needed
            async with self._turn_to_speak:
                await self._workshop.engines.awake()
                session = await self._quiet()
                return await outcome(self.events, followed, lambda: begin(session))
        finally:
            wishes.speaking -= 1
            if not wishes.speaking and not self._upkeep.hears:
                wishes.news.set()

    async def _quiet(self) -> Session:
        """The conversation, as soon as nobody holds its floor.

        Raises:
            ControlError: there is none and will be none for now, or nobody stopped speaking.
        """
        while (
            self._upkeep.session is None
            or self._board.state is not FloorState.LISTENING
            or self._wishes.news.is_set()
        ):
            await self._settled(QUIET_S)
        return self._upkeep.session

    def _conversation(self) -> Session:
        if self._upkeep.session is None:
            raise ControlError("There is no conversation now", "See `voicemate status`", Code.UNAVAILABLE)
        return self._upkeep.session

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
            if self._wishes.stop.is_set():
                raise ControlError("The daemon is about to end", code=Code.STOPPING)
            return None

        try:
            async with asyncio.timeout(patience_s):
                await outcome(self.events, free, lambda: None)
        except TimeoutError:
            reason = f"voicemate is still {self._reporter.state()}"
            raise ControlError(reason, "Try again in a while", Code.UNAVAILABLE) from None
