"""A conversation: gives the floor what is heard, and carries out what the floor decides.

The session is the thin layer of effects around the pure ``Floor``. It runs on one asyncio loop; engines work in
threads of their own. For every microphone block it does the same things in the same order: poll the reply that
plays, recognize speech, let the floor decide, carry that out.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import assert_never

from voicemate.audio.interfaces import BLOCK_MS, Block, Microphone, Speaker
from voicemate.conversation.interim_transcripts import InterimTranscripts
from voicemate.conversation.interpretation import Interpretation, SpeechContext
from voicemate.conversation.mic_gate import MicGate
from voicemate.conversation.playback import ReplyPlayback
from voicemate.conversation.ptt_cue import PttCue
from voicemate.conversation.reply import Reply, SpeechOutput
from voicemate.conversation.turn import Turn
from voicemate.conversation.turn_pipeline import Engines, SpokenTurnPipeline, TypedTurnPipeline
from voicemate.core.clock import Clock
from voicemate.core.errors import AudioError, VoicemateError, first_error
from voicemate.core.events import (
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
)
from voicemate.turns.attention import Attention, ObeyCommand
from voicemate.turns.floor import FloorPolicy
from voicemate.turns.interruption.onset_filter import OnsetFilter
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    DuckPlayback,
    EndSpeech,
    EnterState,
    FloorAction,
    FloorInput,
    GenerationFailed,
    Interrupt,
    KeyDown,
    KeyUp,
    PausePlayback,
    PowerChanged,
    RejectSpeech,
    ReplyAudible,
    ReplyReady,
    ResumePlayback,
    RetractReply,
    StartGeneration,
    StopPlayback,
    Tick,
    TypedTurn,
    UnduckPlayback,
    VoiceOff,
    VoiceOn,
    WordsJudged,
)
from voicemate.turns.spoken_commands import Command, Patience
from voicemate.vad.state_machine import VoiceEvent, VoicePaused, VoiceResumed, VoiceStarted

LEVEL_INTERVAL = 96 // BLOCK_MS
"""Blocks between two level events: about ten a second."""

POWER_INTERVAL = 60_000 // BLOCK_MS
"""Blocks between two checks of where the power comes from: a minute."""


@dataclass(frozen=True, slots=True)
class Components:
    """What a session is built from.

    Attributes:
        engines: recognize, answer and speak.
        mic_gate: passes on what is heard of the microphone.
        attention: decides whether words are meant for the character.
        ptt_cue: plays a sound once the microphone is live after the key went down; None for no sound.
        languages: those that the language model knows well enough to judge a sentence; None for all.
        interim_transcripts: transcribe and prefill while the person still speaks.
        on_battery: checks where the power comes from; on battery less is done ahead.
    """

    microphone: Microphone
    speaker: Speaker
    clock: Clock
    engines: Engines
    mic_gate: MicGate
    attention: Attention
    ptt_cue: PttCue | None = None
    languages: frozenset[str] | None = None
    interim_transcripts: bool = True
    on_battery: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class _TypedText:
    text: str
    request_id: str | None


@dataclass(slots=True)
class _Speech:
    """The person's current speech.

    Attributes:
        began: its first sample; None while there is none.
        played_from: where the speaker was a little before, if the speech began over the character's.
        said_before: the first half of the turn, after a false cut-in.
    """

    began: int | None = None
    played_from: int | None = None
    said_before: str = ""


@dataclass(slots=True)
class SessionState:
    """All that changes while a session runs.

    Attributes:
        turn_count: turns that the person has taken.
        generation: the turn that is being worked on and is not committed.
        speech: the person's current speech.
        patience: what the person asked for ("take your time").
        typed: a typed turn that the floor has not started yet.
        block_count: microphone blocks so far.
        on_battery: at the latest check.
    """

    turn_count: int = 0
    generation: Turn | None = None
    speech: _Speech = field(default_factory=_Speech)
    patience: Patience = field(default_factory=Patience)
    typed: _TypedText | None = None
    block_count: int = 0
    on_battery: bool = False


class Session:
    """One conversation between a person and a character. Everything runs on the loop that runs ``run``.

    Args:
        components: devices, engines and what stands between them.
        floor: decides whose turn it is.
        events: takes everything that happens.
    """

    def __init__(self, components: Components, floor: FloorPolicy, events: EventStream):
        engines, speaker, clock = components.engines, components.speaker, components.clock
        chat = engines.chat_history
        self._components = components
        self._engines = engines
        self._clock = clock
        self._floor = floor
        self._events = events
        self._output = SpeechOutput(chat.persona, engines.synthesizer, speaker, clock, events)
        self._playback = ReplyPlayback(speaker, clock, chat, components.attention, events)
        self._interim = InterimTranscripts(
            engines.recognizer.interim_text, chat.prefill, self._emit_interim, components.interim_transcripts
        )
        self._onset_filter = OnsetFilter()
        self._ptt_cue = components.ptt_cue or PttCue(speaker, events.emit)
        self._state = SessionState()
        self._tasks: set[asyncio.Task[None]] = set()
        components.microphone.add_health_listener(lambda error: self._on_device_health("microphone", error))
        speaker.add_health_listener(lambda error: self._on_device_health("loudspeaker", error))

    async def run(self) -> None:
        """Converse until the microphone ends or the awaiting task is cancelled.

        Raises:
            AudioError: the microphone broke and could not be brought back.
        """
        self._events.emit(FloorChanged(self._clock.now(), FloorState.LISTENING, "ready"))
        try:
            async for block in self._components.microphone.blocks():
                self._on_block(block)
        finally:
            self._shut_down()
            self._events.emit(FloorChanged(self._clock.now(), FloorState.STOPPED))

    # ------------------------------------------------------------ what a person, a menu or a program asks for

    def greet(self, text: str) -> None:
        """Say ``text`` as the character, unprompted."""
        reply = Reply(0, _once(text), self._output)
        reply.release()
        self._playback.start_unprompted(reply)
        task = asyncio.create_task(self._play_unprompted(reply), name="greeting")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ask(self, text: str, request_id: str | None = None) -> None:
        """Take ``text`` as a typed turn, which is over at once.

        Args:
            request_id: comes back in the ``TurnEnded`` of this turn.
        """
        self._state.typed = _TypedText(text, request_id)
        self._decide(TypedTurn(self._clock.now()))

    def press(self) -> None:
        """The push-to-talk key went down: the person has the floor until ``release``."""
        self._components.speaker.wake()
        self._components.microphone.set_grouping(False)
        self._decide(KeyDown(self._clock.now()))
        self._ptt_cue.on_press(self._clock.now())

    def release(self) -> None:
        """The push-to-talk key came up: the person's turn is over."""
        self._decide(KeyUp(self._clock.now()))
        self._ptt_cue.on_release()

    def interrupt(self, reason: str = "interrupted") -> None:
        """Silence the character at once; nobody has the floor."""
        self._decide(Interrupt(self._clock.now(), reason))
        self._reset_speech()

    def mute(self, muted: bool) -> None:
        """Replace the microphone's sound by silence, or stop doing that."""
        self._components.mic_gate.muted = muted

    # ------------------------------------------------------------ what comes in

    def _on_block(self, block: Block) -> None:
        for message in self._playback.poll():
            if isinstance(message, ReplyAudible):
                self._reset_speech()
            self._decide(message)
        self._ptt_cue.on_block(block)
        recognizer, gate, state = self._engines.recognizer, self._components.mic_gate, self._state
        voice_events = recognizer.push(gate.process(block, self._floor.state))
        voice_on = recognizer.voice_on
        if self._floor.state is FloorState.SPEAKING:
            voice_events, only_echo = self._onset_filter.filter(voice_events, voice_on, gate.echo_only)
            voice_on = voice_on and not gate.echo_only
            if only_echo:
                self._reset_speech()
        for voice_event in voice_events:
            self._on_voice_event(block.end, voice_event)
        state.block_count += 1
        if state.block_count % POWER_INTERVAL == 1:
            self._check_power(block.end)
        if state.block_count % LEVEL_INTERVAL == 0:
            self._events.emit(MicrophoneLevel(block.end, recognizer.dbfs, recognizer.voice))
        if recognizer.speaking and state.speech.began is not None and self._floor.state is FloorState.HEARING:
            self._interim.on_voice(block.end, state.speech.began)
        self._decide(Tick(block.end, voice_on))
        self._components.microphone.set_grouping(
            self._floor.state is FloorState.LISTENING and not recognizer.voice_on
        )

    def _on_voice_event(self, at: int, voice_event: VoiceEvent) -> None:
        """Report what the recognizer detected to the subscribers and to the floor."""
        match voice_event:
            case VoiceStarted(began):
                self._components.speaker.wake()
                self._start_speech(began)
                self._events.emit(SpeechStarted(at, began))
                self._decide(VoiceOn(at, began))
            case VoicePaused(ended):
                self._interim.stop()
                self._events.emit(SpeechPaused(at, ended))
                self._decide(VoiceOff(at, ended))
            case VoiceResumed(paused, began):
                self._events.emit(SpeechResumed(at, paused))
                self._decide(VoiceOn(at, began))
            case _:
                assert_never(voice_event)

    def _start_speech(self, began: int) -> None:
        over_reply = self._floor.state in (FloorState.SPEAKING, FloorState.OVERLAPPING)
        self._state.speech.began = began
        self._state.speech.played_from = self._playback.position_before(began) if over_reply else None

    def _check_power(self, at: int) -> None:
        on_battery = self._components.on_battery()
        if on_battery != self._state.on_battery:
            self._state.on_battery = on_battery
            self._interim.enabled = self._components.interim_transcripts and not on_battery
            self._decide(PowerChanged(at, on_battery))

    def _on_device_health(self, component: str, error: AudioError | None) -> None:
        """Report that a device broke, or works again."""
        now = self._clock.now()
        if error is None:
            self._events.emit(Recovered(now, component))
            self._events.emit(FloorChanged(now, self._floor.state, f"the {component} works again"))
        else:
            self._events.emit(Fault(now, component, error.message, error.hint))
            self._events.emit(FloorChanged(now, FloorState.UNAVAILABLE, error.message))

    # ------------------------------------------------------------ what becomes of a turn (``TurnListener``)

    def on_interpreted(self, turn: Turn, interpretation: Interpretation) -> None:
        """Let the floor decide whether the turn is over."""
        self._decide(
            WordsJudged(
                self._clock.now(),
                turn.generation_id,
                has_words=bool(interpretation.words),
                interrupts=interpretation.interrupts,
                signals=interpretation.signals,
                patience=self._state.patience.factor,
                reason=interpretation.reason,
            )
        )

    def on_reply_ready(self, turn: Turn) -> None:
        """Tell the floor that the reply can play."""
        self._decide(ReplyReady(self._clock.now(), turn.generation_id))

    def on_failed(self, turn: Turn, reason: str) -> None:
        """Tell the floor that there will be no (more) reply."""
        self._decide(GenerationFailed(self._clock.now(), turn.generation_id, reason))

    # ------------------------------------------------------------ what the floor decides

    def _decide(self, message: FloorInput) -> None:
        for action in self._floor.step(message):
            self._carry_out(message.at, action)

    def _carry_out(self, at: int, action: FloorAction) -> None:
        match action:
            case EnterState():
                self._events.emit(FloorChanged(at, action.state, action.reason))
            case StartGeneration():
                self._start_generation(action)
            case CommitTurn():
                self._commit(at, action)
            case DiscardGeneration():
                self._discard(at, action)
            case RejectSpeech():
                self._reject(at, action)
            case RetractReply():
                self._retract(at, action)
            case EndSpeech():
                self._on_voice_event(at, self._engines.recognizer.end_speech() or VoicePaused(at))
            case DuckPlayback() | UnduckPlayback() | PausePlayback() | ResumePlayback() | StopPlayback():
                self._playback.apply(action)
            case _:
                assert_never(action)

    def _start_generation(self, action: StartGeneration) -> None:
        state, turn_id = self._state, self._state.turn_count + 1
        typed, state.typed = state.typed, None
        if typed:
            pipeline = TypedTurnPipeline(typed.text, self._engines.chat_history, turn_id)
        else:
            pipeline = self._spoken_turn(action, turn_id)
        request_id = typed.request_id if typed else None
        state.generation = Turn(action.generation_id, turn_id, pipeline, self, self._output, request_id)
        state.generation.start()

    def _spoken_turn(self, action: StartGeneration, turn_id: int) -> SpokenTurnPipeline:
        speech, components = self._state.speech, self._components
        playing = None if speech.played_from is None else self._playback.words_since(speech.played_from)
        context = SpeechContext(action.began, action.ended, playing, speech.said_before)
        return SpokenTurnPipeline(
            self._engines, components.attention, self._floor, context, turn_id, components.languages
        )

    def _commit(self, at: int, action: CommitTurn) -> None:
        turn, state = self._state.generation, self._state
        assert turn is not None, "the floor commits only what it had started"
        state.turn_count, state.generation = turn.turn_id, None
        self._playback.start(turn)
        state.patience = state.patience.after_turn()
        self._interim.stop()
        if turn.interpretation is not None and turn.interpretation.decision is not None:
            self._components.attention.commit(turn.interpretation.decision, at)
        turn.commit(at, action)

    def _discard(self, at: int, action: DiscardGeneration) -> None:
        """Drop a generation, or a reply that is committed and not heard yet."""
        state = self._state
        if state.generation is not None and state.generation.generation_id == action.generation_id:
            turn, state.generation = state.generation, None
        else:
            turn = self._playback.retract()
            state.turn_count -= action.turn_continues
        turn.discard()
        self._events.emit(GenerationDiscarded(at, turn.turn_id, action.reason))

    def _reject(self, at: int, action: RejectSpeech) -> None:
        """What was heard is no turn: not speech, or not meant for the character, or a command."""
        turn, self._state.generation = self._state.generation, None
        text, interpretation = (turn.transcript, turn.interpretation) if turn else ("", None)
        if turn:
            turn.discard()
        self._reset_speech()
        self._events.emit(SpeechRejected(at, action.began, action.ended, action.reason, text))
        decision = interpretation.decision if interpretation else None
        if decision is not None:
            self._components.attention.commit(decision, at)
            if isinstance(decision, ObeyCommand) and decision.command.command is Command.WAIT:
                self._state.patience = decision.command.patience

    def _retract(self, at: int, action: RetractReply) -> None:
        """Take back a false cut-in: the reply was never said, and the person's turn goes on."""
        turn, state = self._playback.retract(), self._state
        state.turn_count -= 1
        state.speech.said_before = turn.interpretation.words if turn.interpretation else ""
        state.speech.played_from = None
        self._events.emit(GenerationDiscarded(at, turn.turn_id, action.reason))

    def _reset_speech(self) -> None:
        """Make the next voice start a new utterance."""
        self._interim.stop()
        self._engines.recognizer.close()
        self._state.speech = _Speech()

    # ------------------------------------------------------------ the rest

    def _emit_interim(self, words: str) -> None:
        if words:
            self._events.emit(Transcribed(self._clock.now(), self._state.turn_count + 1, words, "", final=False))

    async def _play_unprompted(self, reply: Reply) -> None:
        try:
            await reply.run()
        except* VoicemateError as errors:
            error = first_error(errors)
            self._events.emit(Fault(self._clock.now(), "greeting", error.message, error.hint))
            self._playback.drop_unprompted()

    def _shut_down(self) -> None:
        """Silence at once; what was heard is remembered."""
        self._interim.stop()
        self._playback.close()
        if self._state.generation is not None:
            self._state.generation.discard()
        for task in self._tasks:
            task.cancel()


async def _once(text: str) -> AsyncGenerator[str]:
    yield text
