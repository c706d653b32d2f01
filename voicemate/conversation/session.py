"""A conversation: carries sound to the floor, and out what the floor decides.

The session is the thin layer of effects around the pure ``Floor``. It runs on one asyncio loop; engines work in
their own threads. For every block of the microphone it does the same few things in the same order: where is the
loudspeaker, what do the ears say, what does the floor want done.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from voicemate.audio.interfaces import BLOCK_MS, Block
from voicemate.conversation.components import Components
from voicemate.conversation.interim_transcripts import InterimTranscripts
from voicemate.conversation.interpretation import Interpretation, SpeechContext
from voicemate.conversation.playback import ReplyPlayback
from voicemate.conversation.ptt_cue import PttCue
from voicemate.conversation.reply import Reply, SpeechOutput
from voicemate.conversation.turn import Turn, TurnWork
from voicemate.conversation.understanding import TurnUnderstanding
from voicemate.core.errors import AudioError, VoicemateError, first_error
from voicemate.core.events import (
    Event,
    EventStream,
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    MicrophoneLevel,
    Recovered,
    SpeechPaused,
    SpeechRejected,
    SpeechResumed,
    SpeechStarted,
    Transcribed,
    TurnEnded,
)
from voicemate.turns import messages as f
from voicemate.turns.attention import ObeyCommand
from voicemate.turns.interruption.onset_filter import OnsetFilter
from voicemate.turns.spoken_commands import Command, Patience
from voicemate.vad.state_machine import VoiceEvent, VoicePaused, VoiceResumed, VoiceStarted

LEVEL_INTERVAL = 96 // BLOCK_MS
"""Blocks between two level events: about ten a second."""

POWER_INTERVAL = 60_000 // BLOCK_MS
"""Blocks between two looks at where the power comes from: a minute."""


class FloorPolicy(Protocol):
    """What decides: the floor."""

    @property
    def state(self) -> FloorState: ...

    def step(self, message: f.FloorInput) -> list[f.FloorAction]: ...


@dataclass(slots=True)
class _CurrentSpeech:
    """The person's speech that goes on now.

    Attributes:
        began: its first sample; None while there is none.
        aired_from: where the loudspeaker was a little before, if it began over the character's voice.
        before: the first half of the turn, if the character had cut in falsely.
        keyed: the key ends it, so that nobody need judge whether it is over.
    """

    began: int | None = None
    played_from: int | None = None
    said_before: str = ""
    keyed: bool = False


@dataclass(slots=True)
class SessionState:
    """All that changes from moment to moment."""

    turn_count: int = 0  # that the person has taken
    generation: Turn | None = None
    speech: _CurrentSpeech = field(default_factory=_CurrentSpeech)
    patience: Patience = field(default_factory=Patience)
    typed_text: str | None = None
    block_count: int = 0
    on_battery: bool = False
    key_down: bool = False


class Session:
    """One conversation between a person and a character. Everything runs on the loop that runs ``run``.

    Args:
        parts: devices, engines and the character's side of the dialogue.
        floor: decides whose turn it is.
        events: where everything that happens is told.
    """

    def __init__(self, parts: Components, floor: FloorPolicy, events: EventStream):
        self._parts = parts
        self._events = events
        self._floor = floor
        self._output = SpeechOutput(parts.synthesizer, parts.speaker, parts.clock.now, events.emit)
        self._playback = ReplyPlayback(
            parts.speaker, parts.clock.now, parts.chat_history, parts.attention, events.emit
        )
        self._interim = InterimTranscripts(
            parts.recognizer.interim_text, parts.chat_history.prefill, self._emit_interim, parts.interim_transcripts
        )
        self._onsets = OnsetFilter()
        self._ptt_cue = parts.ptt_cue or PttCue(parts.speaker, events.emit)
        self._state = SessionState()
        self._tasks: set[asyncio.Task[None]] = set()
        parts.microphone.add_health_listener(lambda error: self._on_device_health("microphone", error))
        parts.speaker.add_health_listener(lambda error: self._on_device_health("loudspeaker", error))

    async def run(self) -> None:
        """Converse until the microphone ends or the awaiting task is cancelled.

        Raises:
            AudioError: the microphone broke and could not be rebuilt.
        """
        self._emit(FloorChanged(self._now, FloorState.LISTENING, "ready"))
        try:
            async for block in self._parts.microphone.blocks():
                self._on_block(block)
        finally:
            self._shut_down()
            self._emit(FloorChanged(self._now, FloorState.STOPPED))

    # ------------------------------------------------------------ what a person, a menu or a program asks for

    def greet(self, text: str) -> None:
        """The character says ``text`` of its own accord."""
        reply = Reply(0, _once(text), self._parts.chat_history.persona, self._output)
        reply.release()
        self._playback.start_unprompted(reply)
        task = asyncio.create_task(self._say(reply), name="greeting")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ask(self, text: str) -> None:
        """The person types ``text`` instead of saying it: a turn that is over at once."""
        self._state.typed_text = text
        self._decide(f.TypedTurn(self._now))

    def press(self) -> None:
        """The push-to-talk key went down: the person has the floor until ``release``."""
        self._parts.speaker.wake()
        self._parts.microphone.set_grouping(False)
        self._state.key_down = True
        self._state.speech.keyed = self._state.speech.began is not None
        self._decide(f.KeyDown(self._now))
        self._ptt_cue.on_press(self._now)

    def release(self) -> None:
        """The push-to-talk key came up: the person's turn is over."""
        self._state.key_down = False
        self._decide(f.KeyUp(self._now))
        self._ptt_cue.on_release()

    def interrupt(self, reason: str = "interrupted") -> None:
        """The character falls silent at once; nobody has the floor."""
        self._decide(f.Interrupt(self._now, reason))
        self._reset_speech()

    def mute(self, muted: bool) -> None:
        """Hear nothing of the microphone, or hear it again."""
        self._parts.mic_gate.muted = muted

    # ------------------------------------------------------------ what comes in

    def _on_block(self, block: Block) -> None:
        for told in self._playback.poll():
            if isinstance(told, f.ReplyAudible):
                self._reset_speech()
            self._decide(told)
        self._ptt_cue.on_block(block)
        listener, gate, now = self._parts.recognizer, self._parts.mic_gate, self._state
        heard = listener.push(gate.process(block, self._floor.state))
        voice = listener.voice_on
        if self._floor.state is FloorState.SPEAKING:
            heard, only_echo = self._onsets.filter(heard, voice, gate.echo_only)
            voice = voice and not gate.echo_only
            if only_echo:
                self._reset_speech()
        for told in heard:
            self._on_speech_event(block.end, told)
        now.block_count += 1
        if now.block_count % POWER_INTERVAL == 1:
            self._check_power(block.end)
        if now.block_count % LEVEL_INTERVAL == 0:
            self._emit(MicrophoneLevel(block.end, listener.dbfs, listener.voice))
        if listener.speaking and now.speech.began is not None and self._floor.state is FloorState.HEARING:
            self._interim.on_voice(block.end, now.speech.began)
        self._decide(f.Tick(block.end, voice))
        self._parts.microphone.set_grouping(self._floor.state is FloorState.LISTENING and not listener.voice_on)

    def _check_power(self, at: int) -> None:
        battery = self._parts.on_battery()
        if battery != self._state.on_battery:
            self._state.on_battery = battery
            self._interim.enabled = self._parts.interim_transcripts and not battery
            self._decide(f.PowerChanged(at, battery))

    def _on_speech_event(self, at: int, told: VoiceEvent) -> None:
        """Pass on what the ears say, to those who watch and to the floor."""
        match told:
            case VoiceStarted(began):
                self._parts.speaker.wake()
                self._begin_speech(began)
                self._emit(SpeechStarted(at, began))
                self._decide(f.VoiceOn(at, began))
            case VoicePaused(ended):
                self._interim.stop()
                self._emit(SpeechPaused(at, ended))
                self._decide(f.VoiceOff(at, ended))
            case VoiceResumed(paused, began):
                self._emit(SpeechResumed(at, paused))
                self._decide(f.VoiceOn(at, began))

    def _begin_speech(self, began: int) -> None:
        over = self._floor.state in (FloorState.SPEAKING, FloorState.OVERLAPPING)
        self._state.speech.began = began
        self._state.speech.keyed = self._state.key_down
        self._state.speech.played_from = self._playback.position_before(began) if over else None

    def _on_device_health(self, where: str, error: AudioError | None) -> None:
        """A device broke, or works again."""
        if error is None:
            self._emit(Recovered(self._now, where))
            self._emit(FloorChanged(self._now, self._floor.state, f"the {where} works again"))
        else:
            self._emit(Fault(self._now, where, error.message, error.hint))
            self._emit(FloorChanged(self._now, FloorState.UNAVAILABLE, error.message))

    # ------------------------------------------------------------ what is done

    def _decide(self, given: f.FloorInput) -> None:
        for act in self._floor.step(given):
            match act:
                case f.EnterState():
                    self._emit(FloorChanged(given.at, act.state, act.reason))
                case f.StartGeneration():
                    self._start_generation(act)
                case f.CommitTurn():
                    self._commit(given.at, act)
                case f.DiscardGeneration():
                    self._discard(given.at, act)
                case f.RejectSpeech():
                    self._reject(given.at, act)
                case f.EndSpeech():
                    self._end_speech(given.at)
                case f.RetractReply():
                    self._retract(given.at, act)
                case _:
                    self._playback.apply(act)

    def _start_generation(self, act: f.StartGeneration) -> None:
        now, dialogue = self._state, self._parts.chat_history
        typed, now.typed_text = now.typed_text, None
        number, said = now.turn_count + 1, now.speech
        in_air = None if said.played_from is None else self._playback.words_since(said.played_from)
        moment = SpeechContext(act.began, act.ended, in_air, said.said_before)
        understanding = TurnUnderstanding(self._parts, moment, typed, lambda: said.keyed)
        work = TurnWork(
            hear=understanding.transcribe,
            interpret=understanding.interpret,
            listen=understanding.detect_turn_end,
            weigh=understanding.add_model_signals,
            judged=lambda given: self._on_words_judged(act.generation_id, given),
            ready=lambda: self._decide(f.ReplyReady(self._now, act.generation_id)),
            think=lambda words: dialogue.reply_to(words, number),
            failed=lambda why: self._decide(f.GenerationFailed(self._now, act.generation_id, why)),
        )
        now.generation = Turn(act.generation_id, number, work, dialogue.persona, self._output)
        now.generation.start()

    def _on_words_judged(self, number: int, given: Interpretation) -> None:
        factor = self._state.patience.factor
        committed = self._playback.turn_of(number)
        self._decide(
            f.WordsJudged(self._now, number, bool(given.words), given.interrupts, given.signals, factor, given.reason)
        )
        if committed is not None:  # typed: over before its words are looked at
            self._emit_transcript(committed)

    def _commit(self, at: int, act: f.CommitTurn) -> None:
        turn, now = self._state.generation, self._state
        assert turn is not None, "the floor commits only what it had prepared"
        now.turn_count, now.generation = turn.turn_id, None
        self._playback.start(turn)
        now.patience = now.patience.after_turn()
        self._interim.stop()
        if turn.interpretation is not None and turn.interpretation.decision is not None:
            self._parts.attention.commit(turn.interpretation.decision, at)
        self._emit(TurnEnded(at, turn.turn_id, act.began, act.ended, act.reason, act.due_at))
        turn.commit(at, at if act.due_at is None else act.due_at, act.ended)
        self._emit_transcript(turn)

    def _emit_transcript(self, turn: Turn) -> None:
        if turn.interpretation is not None:
            self._emit(
                Transcribed(
                    self._now, turn.turn_id, turn.interpretation.words, turn.interpretation.language, final=True
                )
            )

    def _emit_interim(self, words: str) -> None:
        if words:
            self._emit(Transcribed(self._now, self._state.turn_count + 1, words, "", final=False))

    def _discard(self, at: int, act: f.DiscardGeneration) -> None:
        """Drop what was prepared, or committed and not heard yet."""
        now = self._state
        if now.generation is not None and now.generation.generation_id == act.generation_id:
            turn, now.generation = now.generation, None
        else:
            turn = self._playback.retract()
            now.turn_count -= act.turn_continues
        turn.discard()
        self._emit(GenerationDiscarded(at, turn.turn_id, act.reason))

    def _reject(self, at: int, act: f.RejectSpeech) -> None:
        turn, self._state.generation = self._state.generation, None
        text, given = (turn.transcript, turn.interpretation) if turn else ("", None)
        if turn:
            turn.discard()
        self._reset_speech()
        self._emit(SpeechRejected(at, act.began, act.ended, act.reason, text))
        if given is not None and given.decision is not None:
            self._parts.attention.commit(given.decision, at)
            if isinstance(given.decision, ObeyCommand) and given.decision.command.command is Command.WAIT:
                self._state.patience = given.decision.command.patience

    def _end_speech(self, at: int) -> None:
        """The key came up while the voice was on."""
        paused = self._parts.recognizer.end_speech()
        self._on_speech_event(at, paused or VoicePaused(at))

    def _reset_speech(self) -> None:
        """The next voice starts a new utterance."""
        self._interim.stop()
        self._parts.recognizer.close()
        self._state.speech = _CurrentSpeech()

    def _retract(self, at: int, act: f.RetractReply) -> None:
        """The reply came too early: it was never said, and its turn goes on."""
        turn, now = self._playback.retract(), self._state
        now.turn_count -= 1
        now.speech.said_before = turn.interpretation.words if turn.interpretation else ""
        now.speech.played_from = None
        self._emit(GenerationDiscarded(at, turn.turn_id, act.reason))

    def _shut_down(self) -> None:
        """The conversation stops: silence at once, and nothing that was heard is lost."""
        self._interim.stop()
        self._playback.close()
        if self._state.generation is not None:
            self._state.generation.discard()
        for task in self._tasks:
            task.cancel()

    async def _say(self, reply: Reply) -> None:
        try:
            await reply.run()
        except* VoicemateError as errors:
            error = first_error(errors)
            self._emit(Fault(self._now, "greeting", error.message, error.hint))
            self._playback.drop_unprompted()

    @property
    def _now(self) -> int:
        return self._parts.clock.now()

    def _emit(self, event: Event) -> None:
        self._events.emit(event)


async def _once(text: str) -> AsyncGenerator[str]:
    yield text
