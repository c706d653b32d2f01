"""A conversation: carries sound to the floor, and out what the floor decides.

The session is the thin layer of effects around the pure ``Floor``. It runs on one asyncio loop; engines work in
their own threads. For every block of the microphone it does the same few things in the same order: where is the
loudspeaker, what do the ears say, what does the floor want done.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from voicemate.audio.ports import BLOCK_MS, Block
from voicemate.conversation import floor_inputs as f
from voicemate.conversation.answering import Answering
from voicemate.conversation.attention import Obey
from voicemate.conversation.following import Following
from voicemate.conversation.key_cue import KeyCue
from voicemate.conversation.meaning import Meaning, Moment
from voicemate.conversation.onset_filter import OnsetFilter
from voicemate.conversation.parts import Parts
from voicemate.conversation.reply import Mouth, Reply
from voicemate.conversation.turn import Turn, Work
from voicemate.conversation.understanding import Understanding
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
    Recovered,
    RolledBack,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    TurnEnded,
)
from voicemate.hearing.speech_tracker import Paused, Resumed, SpeechEvent, Started
from voicemate.hearing.spoken_commands import Command, Patience

LEVEL_EVERY = 96 // BLOCK_MS
"""Blocks between two level events: about ten a second."""

POWER_EVERY = 60_000 // BLOCK_MS
"""Blocks between two looks at where the power comes from: a minute."""


class Decider(Protocol):
    """What decides: the floor."""

    @property
    def state(self) -> FloorState: ...

    def step(self, got: f.Input) -> list[f.Act]: ...


@dataclass(slots=True)
class _Speech:
    """The person's speech that goes on now.

    Attributes:
        began: its first sample; None while there is none.
        aired_from: where the loudspeaker was a little before, if it began over the character's voice.
        before: the first half of the turn, if the character had cut in falsely.
        keyed: the key ends it, so that nobody need judge whether it is over.
    """

    began: int | None = None
    aired_from: int | None = None
    before: str = ""
    keyed: bool = False


@dataclass(slots=True)
class _Now:
    """All that changes from moment to moment."""

    turns: int = 0  # that the person has taken
    preparing: Turn | None = None
    speech: _Speech = field(default_factory=_Speech)
    patience: Patience = field(default_factory=Patience)
    typed: str | None = None
    blocks: int = 0
    battery: bool = False
    key_down: bool = False


class Session:
    """One conversation between a person and a character. Everything runs on the loop that runs ``run``.

    Args:
        parts: devices, engines and the character's side of the dialogue.
        floor: decides whose turn it is.
        events: where everything that happens is told.
    """

    def __init__(self, parts: Parts, floor: Decider, events: EventStream):
        self._parts = parts
        self._events = events
        self._floor = floor
        self._mouth = Mouth(parts.synthesizer, parts.loudspeaker, parts.clock.now, events.emit)
        self._answering = Answering(parts.loudspeaker, parts.clock.now, parts.dialogue, parts.attention, events.emit)
        self._following = Following(parts.listener.so_far, parts.dialogue.read, self._tell_draft, parts.follow)
        self._onsets = OnsetFilter()
        self._cue = parts.cue or KeyCue(parts.loudspeaker, events.emit)
        self._is = _Now()
        self._tasks: set[asyncio.Task[None]] = set()
        parts.microphone.on_health(lambda error: self._health("microphone", error))
        parts.loudspeaker.on_health(lambda error: self._health("loudspeaker", error))

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

    # ------------------------------------------------------------ what a person, a menu or a program asks for

    def greet(self, text: str) -> None:
        """The character says ``text`` of its own accord."""
        reply = Reply(0, _once(text), self._parts.dialogue.persona, self._mouth)
        reply.release()
        self._answering.begin_unasked(reply)
        task = asyncio.create_task(self._say(reply), name="greeting")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ask(self, text: str) -> None:
        """The person types ``text`` instead of saying it: a turn that is over at once."""
        self._is.typed = text
        self._decide(f.Asked(self._now))

    def press(self) -> None:
        """The push-to-talk key went down: the person has the floor until ``release``."""
        self._parts.loudspeaker.wake()
        self._parts.microphone.relax(False)
        self._is.key_down = True
        self._is.speech.keyed = self._is.speech.began is not None
        self._decide(f.KeyDown(self._now))
        self._cue.pressed(self._now)

    def release(self) -> None:
        """The push-to-talk key came up: the person's turn is over."""
        self._is.key_down = False
        self._decide(f.KeyUp(self._now))
        self._cue.released()

    def interrupt(self, why: str = "interrupted") -> None:
        """The character falls silent at once; nobody has the floor."""
        self._decide(f.Interrupt(self._now, why))
        self._forget_speech()

    def mute(self, muted: bool) -> None:
        """Hear nothing of the microphone, or hear it again."""
        self._parts.gate.muted = muted

    # ------------------------------------------------------------ what comes in

    def _take(self, block: Block) -> None:
        for told in self._answering.watch():
            if isinstance(told, f.Audible):
                self._forget_speech()
            self._decide(told)
        self._cue.hear(block)
        listener, gate, now = self._parts.listener, self._parts.gate, self._is
        heard = listener.push(gate.pass_on(block, self._floor.state))
        voice = listener.voice_on
        if self._floor.state is FloorState.SPEAKING:
            heard, only_echo = self._onsets.pass_on(heard, voice, gate.explained)
            voice = voice and not gate.explained
            if only_echo:
                self._forget_speech()
        for told in heard:
            self._follow(block.end, told)
        now.blocks += 1
        if now.blocks % POWER_EVERY == 1:
            self._look_at_power(block.end)
        if now.blocks % LEVEL_EVERY == 0:
            self._emit(Level(block.end, listener.dbfs, listener.voice))
        if listener.speaking and now.speech.began is not None and self._floor.state is FloorState.HEARING:
            self._following.voice(block.end, now.speech.began)
        self._decide(f.Tick(block.end, voice))
        self._parts.microphone.relax(self._floor.state is FloorState.LISTENING and not listener.voice_on)

    def _look_at_power(self, at: int) -> None:
        battery = self._parts.on_battery()
        if battery != self._is.battery:
            self._is.battery = battery
            self._following.wanted = self._parts.follow and not battery
            self._decide(f.Power(at, battery))

    def _follow(self, at: int, told: SpeechEvent) -> None:
        """Pass on what the ears say, to those who watch and to the floor."""
        match told:
            case Started(began):
                self._parts.loudspeaker.wake()
                self._begin_speech(began)
                self._emit(SpeechStarted(at, began))
                self._decide(f.VoiceOn(at, began))
            case Paused(ended):
                self._following.stop()
                self._emit(SpeechPaused(at, ended))
                self._decide(f.VoiceOff(at, ended))
            case Resumed(paused, began):
                self._emit(SpeechResumed(at, paused))
                self._decide(f.VoiceOn(at, began))

    def _begin_speech(self, began: int) -> None:
        over = self._floor.state in (FloorState.SPEAKING, FloorState.YIELDING)
        self._is.speech.began = began
        self._is.speech.keyed = self._is.key_down
        self._is.speech.aired_from = self._answering.place(began) if over else None

    def _health(self, where: str, error: AudioError | None) -> None:
        """A device broke, or works again."""
        if error is None:
            self._emit(Recovered(self._now, where))
            self._emit(FloorChanged(self._now, self._floor.state, f"the {where} works again"))
        else:
            self._emit(Fault(self._now, where, error.wrong, error.remedy))
            self._emit(FloorChanged(self._now, FloorState.UNAVAILABLE, error.wrong))

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
                    self._roll_back(given.at, act)
                case f.Dismiss():
                    self._dismiss(given.at, act)
                case f.EndSpeech():
                    self._end_speech(given.at)
                case f.Forget():
                    self._forget(given.at, act)
                case _:
                    self._answering.steer(act)

    def _prepare(self, act: f.Prepare) -> None:
        now, dialogue = self._is, self._parts.dialogue
        typed, now.typed = now.typed, None
        number, said = now.turns + 1, now.speech
        in_air = None if said.aired_from is None else self._answering.words_since(said.aired_from)
        moment = Moment(act.began, act.ended, in_air, said.before)
        understanding = Understanding(self._parts, moment, typed, lambda: said.keyed)
        work = Work(
            hear=understanding.hear,
            interpret=understanding.interpret,
            listen=understanding.listen,
            weigh=understanding.weigh,
            judged=lambda given: self._judged(act.number, given),
            ready=lambda: self._decide(f.Ready(self._now, act.number)),
            think=lambda words: dialogue.think(words, number),
            failed=lambda why: self._decide(f.Failed(self._now, act.number, why)),
        )
        now.preparing = Turn(act.number, number, work, dialogue.persona, self._mouth)
        now.preparing.prepare()

    def _judged(self, number: int, given: Meaning) -> None:
        factor = self._is.patience.factor
        committed = self._answering.answers(number)
        self._decide(f.Judged(self._now, number, bool(given.words), given.bid, given.votes, factor, given.why))
        if committed is not None:  # typed: over before its words are looked at
            self._tell_words(committed)

    def _commit(self, at: int, act: f.Commit) -> None:
        turn, now = self._is.preparing, self._is
        assert turn is not None, "the floor commits only what it had prepared"
        now.turns, now.preparing = turn.turn, None
        self._answering.begin(turn)
        now.patience = now.patience.after_turn()
        self._following.stop()
        if turn.meaning is not None and turn.meaning.meant is not None:
            self._parts.attention.settle(turn.meaning.meant, at)
        self._emit(TurnEnded(at, turn.turn, act.began, act.ended, act.reason, act.due))
        turn.commit(at, at if act.due is None else act.due, act.ended)
        self._tell_words(turn)

    def _tell_words(self, turn: Turn) -> None:
        if turn.meaning is not None:
            self._emit(Heard(self._now, turn.turn, turn.meaning.words, turn.meaning.language, final=True))

    def _tell_draft(self, words: str) -> None:
        if words:
            self._emit(Heard(self._now, self._is.turns + 1, words, "", final=False))

    def _roll_back(self, at: int, act: f.RollBack) -> None:
        """Drop what was prepared, or committed and not heard yet."""
        now = self._is
        if now.preparing is not None and now.preparing.number == act.number:
            turn, now.preparing = now.preparing, None
        else:
            turn = self._answering.take_back()
            now.turns -= act.more
        turn.roll_back()
        self._emit(RolledBack(at, turn.turn, act.reason))

    def _dismiss(self, at: int, act: f.Dismiss) -> None:
        turn, self._is.preparing = self._is.preparing, None
        text, given = (turn.heard, turn.meaning) if turn else ("", None)
        if turn:
            turn.roll_back()
        self._forget_speech()
        self._emit(Dismissed(at, act.began, act.ended, act.why, text))
        if given is not None and given.meant is not None:
            self._parts.attention.settle(given.meant, at)
            if isinstance(given.meant, Obey) and given.meant.given.command is Command.WAIT:
                self._is.patience = given.meant.given.patience

    def _end_speech(self, at: int) -> None:
        """The key came up while the voice was on."""
        paused = self._parts.listener.end_speech()
        self._follow(at, paused or Paused(at))

    def _forget_speech(self) -> None:
        """The next voice starts a new utterance."""
        self._following.stop()
        self._parts.listener.close()
        self._is.speech = _Speech()

    def _forget(self, at: int, act: f.Forget) -> None:
        """The reply came too early: it was never said, and its turn goes on."""
        turn, now = self._answering.take_back(), self._is
        now.turns -= 1
        now.speech.before = turn.meaning.words if turn.meaning else ""
        now.speech.aired_from = None
        self._emit(RolledBack(at, turn.turn, act.why))

    def _abandon(self) -> None:
        """The conversation stops: silence at once, and nothing that was heard is lost."""
        self._following.stop()
        self._answering.abandon()
        if self._is.preparing is not None:
            self._is.preparing.roll_back()
        for task in self._tasks:
            task.cancel()

    async def _say(self, reply: Reply) -> None:
        try:
            await reply.run()
        except* VoicemateError as errors:
            error = first_error(errors)
            self._emit(Fault(self._now, "greeting", error.wrong, error.remedy))
            self._answering.drop_unasked()

    @property
    def _now(self) -> int:
        return self._parts.clock.now()

    def _emit(self, event: Event) -> None:
        self._events.emit(event)


async def _once(text: str) -> AsyncGenerator[str]:
    yield text
