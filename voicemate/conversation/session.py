"""A conversation: carries sound to the floor, and out what the floor decides.

The session is the thin layer of effects around the pure ``Floor``. It runs on one asyncio loop; engines work in
their own threads. For every block of the microphone it does the same few things in the same order: where is the
loudspeaker, what do the ears say, what does the floor want done.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import numpy as np

from voicemate.audio.clock import SampleClock
from voicemate.audio.ports import BLOCK_MS, Block, Loudspeaker, Microphone
from voicemate.config import EndpointSettings
from voicemate.conversation import floor as f
from voicemate.conversation.dialogue import Dialogue
from voicemate.conversation.reply import Mouth, Reply
from voicemate.conversation.turn import Turn
from voicemate.errors import AudioError, VoicemateError, first_error
from voicemate.events import (
    Dismissed,
    Event,
    EventStream,
    Fault,
    FloorChanged,
    FloorState,
    Heard,
    Level,
    PhraseStarted,
    Recovered,
    ReplyEnded,
    RolledBack,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnEnded,
    TurnTimed,
)
from voicemate.hearing.endpoint import unfinished
from voicemate.hearing.listener import Listener, Understood
from voicemate.hearing.speech_tracker import Paused, Resumed, SpeechEvent, Started
from voicemate.sound import CLOCK_HZ, milliseconds, samples
from voicemate.speaking.synthesizer import Synthesizer

DEAF_TAIL = samples(250)
"""After the character's last sample the room still rings and the microphone's own buffer still holds it."""

LEVEL_EVERY = 96 // BLOCK_MS
"""Blocks between two level events: about ten a second."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a conversation is put together from."""

    microphone: Microphone
    loudspeaker: Loudspeaker
    clock: SampleClock
    listener: Listener
    dialogue: Dialogue
    synthesizer: Synthesizer


class Session:
    """One conversation between a person and a character. Everything runs on the loop that runs ``run``.

    Args:
        parts: devices, engines and the character's side of the dialogue.
        endpoint: when the person's turn is over.
        events: where everything that happens is told.
    """

    def __init__(self, parts: Parts, endpoint: EndpointSettings, events: EventStream):
        self._parts = parts
        self._events = events
        self._floor = f.Floor(endpoint)
        self._mouth = Mouth(parts.synthesizer, parts.loudspeaker, parts.clock.now, events.emit)
        self._turns = 0  # turns the person has taken
        self._turn: Turn | None = None
        self._greeting: Reply | None = None
        self._typed: str | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._deaf_until = 0
        self._blocks = 0
        parts.microphone.on_health(lambda error: self._health("microphone", error))
        parts.loudspeaker.on_health(lambda error: self._health("loudspeaker", error))

    def _health(self, where: str, error: AudioError | None) -> None:
        """A device broke, or works again."""
        if error is None:
            self._emit(Recovered(self._now, where))
            self._emit(FloorChanged(self._now, self._floor.state, f"the {where} works again"))
        else:
            self._emit(Fault(self._now, where, error.wrong, error.remedy))
            self._emit(FloorChanged(self._now, FloorState.UNAVAILABLE, error.wrong))

    async def run(self) -> None:
        """Converse until the microphone ends or the awaiting task is cancelled.

        Raises:
            AudioError: the microphone broke and could not be rebuilt.
        """
        self._emit(FloorChanged(self._now, FloorState.LISTENING, "ready"))
        try:
            async for block in self._parts.microphone.blocks():
                self._take(block)
        finally:
            self._abandon()
            self._emit(FloorChanged(self._now, FloorState.STOPPED))

    def greet(self, text: str) -> None:
        """The character says ``text`` of its own accord."""
        self._greeting = Reply(0, _once(text), self._parts.dialogue.persona, self._mouth)
        self._greeting.release()
        task = asyncio.create_task(self._say(self._greeting), name="greeting")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ask(self, text: str) -> None:
        """The person types ``text`` instead of saying it: a turn that is over at once."""
        self._typed = text
        self._decide(f.Asked(self._now))

    # ------------------------------------------------------------ what comes in

    def _take(self, block: Block) -> None:
        self._watch_loudspeaker()
        deaf = self._deaf(block.end)
        heard = replace(block, pcm=np.zeros_like(block.pcm)) if deaf else block
        listener = self._parts.listener
        for told in listener.push(heard):
            self._follow(block.end, told)
        self._blocks += 1
        if self._blocks % LEVEL_EVERY == 0:
            self._emit(Level(block.end, listener.dbfs, listener.voice))
        self._decide(f.Tick(block.end, listener.voice_on))

    def _follow(self, at: int, told: SpeechEvent) -> None:
        """Pass on what the ears say, to those who watch and to the floor."""
        match told:
            case Started(began):
                self._parts.loudspeaker.wake()
                self._emit(SpeechStarted(at, began))
                self._decide(f.VoiceOn(at, began))
            case Paused(ended):
                self._emit(SpeechPaused(at, ended))
                self._decide(f.VoiceOff(at, ended))
            case Resumed(paused, began):
                self._emit(SpeechResumed(at, paused))
                self._decide(f.VoiceOn(at, began))

    def _deaf(self, at: int) -> bool:
        """Without echo cancellation the microphone hears the character: do not listen to that."""
        if self._floor.state is FloorState.SPEAKING:
            self._deaf_until = at + DEAF_TAIL
        return at < self._deaf_until

    def _watch_loudspeaker(self) -> None:
        """What has left the loudspeaker since the last block, and what follows from it."""
        reply, loudspeaker = self._in_the_air(), self._parts.loudspeaker
        if reply is None:
            return
        position, begin = loudspeaker.position(), reply.ledger.begin()
        if begin is not None and position > begin and self._floor.state is not FloorState.SPEAKING:
            audible = self._now - round((position - begin) * CLOCK_HZ / loudspeaker.rate)
            self._parts.listener.close()
            self._tell_timing(reply, audible)
            self._decide(f.Audible(audible))
        for phrase in reply.ledger.starting(position):
            self._emit(PhraseStarted(self._now, reply.turn, phrase.text))
        if reply.queued and loudspeaker.idle():
            self._end_reply(reply, interrupted=False)

    # ------------------------------------------------------------ what is done

    def _decide(self, given: f.Input) -> None:
        for act in self._floor.step(given):
            match act:
                case f.Enter():
                    self._emit(FloorChanged(given.at, act.state, act.reason))
                case f.Prepare():
                    self._prepare(act)
                case f.Commit():
                    self._commit(given.at, act)
                case f.RollBack():
                    self._roll_back(given.at, act.reason, again=isinstance(given, f.VoiceOn))
                case f.Dismiss():
                    self._dismiss(given.at, act)

    def _prepare(self, act: f.Prepare) -> None:
        dialogue, listener, number = self._parts.dialogue, self._parts.listener, self._turns + 1
        typed, self._typed = self._typed, None

        async def hear() -> Understood:
            return Understood(typed, dialogue.persona.language, words=True) if typed else await listener.hear()

        self._turn = Turn(
            turn=number,
            hear=hear,
            think=lambda words: dialogue.think(words, number),
            persona=dialogue.persona,
            mouth=self._mouth,
            judged=lambda understood: self._judged(act.number, understood),
            failed=lambda why: self._decide(f.Failed(self._now, act.number, why)),
        )
        self._turn.prepare()

    def _judged(self, number: int, understood: Understood) -> None:
        committed = self._turn is not None and self._turn.committed_at is not None
        more = unfinished(understood.text, understood.language)
        self._decide(f.Judged(self._now, number, understood.words, more, understood.why))
        if committed:  # a typed turn is over before its words are looked at
            self._tell_words()

    def _commit(self, at: int, act: f.Commit) -> None:
        turn = self._turn
        assert turn is not None, "the floor commits only what it had prepared"
        self._turns = turn.turn
        self._emit(TurnEnded(at, turn.turn, act.began, act.ended, act.reason))
        turn.commit(at, act.ended)
        self._tell_words()

    def _tell_words(self) -> None:
        if self._turn and self._turn.understood:
            words = self._turn.understood
            self._emit(Heard(self._now, self._turn.turn, words.text, words.language, final=True))

    def _roll_back(self, at: int, reason: str, again: bool) -> None:
        """Drop what was prepared; ``again``: what the person said will be part of their next turn."""
        turn, self._turn = self._turn, None
        assert turn is not None, "the floor rolls back only what it had prepared"
        turn.roll_back()
        if turn.committed_at is not None:
            self._parts.loudspeaker.stop()
            self._turns -= again
        self._emit(RolledBack(at, turn.turn, reason))

    def _dismiss(self, at: int, act: f.Dismiss) -> None:
        turn, self._turn = self._turn, None
        text = turn.understood.text if turn and turn.understood else ""
        self._parts.listener.close()
        self._emit(Dismissed(at, act.began, act.ended, act.why, text))

    # ------------------------------------------------------------ the reply in the air

    def _in_the_air(self) -> Reply | None:
        """The reply that the loudspeaker has, or is about to get."""
        if self._turn is not None and self._turn.committed_at is not None:
            return self._turn.reply
        return self._greeting

    def _tell_timing(self, reply: Reply, audible: int) -> None:
        turn = self._turn
        if turn is None or turn.committed_at is None:
            return
        self._emit(
            TurnTimed(
                at=self._now,
                turn=turn.turn,
                gap=milliseconds(audible - turn.ended),
                endpoint=milliseconds(turn.committed_at - turn.ended),
                hearing=turn.hearing_ms,
                thinking=reply.thinking_ms,
                speaking=reply.speaking_ms,
                ready=reply.ready_at is not None and reply.ready_at <= turn.committed_at,
            )
        )

    def _end_reply(self, reply: Reply, interrupted: bool) -> None:
        """The character is silent: what was heard is what is remembered."""
        heard = reply.ledger.heard(self._parts.loudspeaker.position())
        turn, self._turn, self._greeting = self._turn, None, None
        if turn is not None and turn.understood is not None:
            self._parts.dialogue.remember(turn.understood.text, heard)
        self._emit(ReplyEnded(self._now, reply.turn, heard, interrupted))
        self._decide(f.Silent(self._now))

    def _abandon(self) -> None:
        """The conversation stops: silence at once, and nothing that was heard is lost."""
        reply = self._in_the_air()
        self._parts.loudspeaker.stop()
        if self._turn is not None:
            self._turn.roll_back()
        for task in self._tasks:
            task.cancel()
        if reply is not None and reply.ledger.heard(self._parts.loudspeaker.position()):
            self._end_reply(reply, interrupted=True)

    async def _say(self, greeting: Reply) -> None:
        try:
            await greeting.run()
        except* VoicemateError as errors:
            error = first_error(errors)
            self._emit(Fault(self._now, "greeting", error.wrong, error.remedy))
            self._greeting = None

    @property
    def _now(self) -> int:
        return self._parts.clock.now()

    def _emit(self, event: Event) -> None:
        self._events.emit(event)


async def _once(text: str) -> AsyncGenerator[str]:
    yield text
