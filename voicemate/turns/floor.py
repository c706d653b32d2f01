"""Who holds the floor: a pure state machine on the sample clock.

There is no I/O, no wall clock and no waiting here, so the same inputs always give the same acts: a recorded
conversation can be decided again. ``messages.py`` is its vocabulary.

A turn is prepared at every pause and costs nothing that anyone hears until it is committed::

    person   ~~~~~~~~~ ended          ~~~~~~~~~ ended
    inputs   VoiceOn   VoiceOff       VoiceOn   VoiceOff  Judged  Ready   Ticks .  Audible     Silent
    state    HEARING  ...................................................THINKING  SPEAKING    LISTENING
    acts               Prepare 1      RollBack 1 Prepare 2               Commit 2

A turn that is over before its reply is ready stays open for it, up to ``turns.reply_wait_ms``: to end it would let
nobody hear anything sooner, and whoever goes on meanwhile was not done.

A voice over the character's is given room at once, and judged while the character holds its breath::

    inputs   Tick(voice)  more of it  VoiceOn   VoiceOff  Judged     or: Ticks, for bid_ms of voice
    state    SPEAKING                 YIELDING ............................. HEARING
    acts     Duck         Hold                  Prepare   GoOn | CutOff      CutOff

A reply that began too early (the person goes on within ``take_back_ms`` of its first word) is forgotten instead of
cut off, and both halves of what they say are one turn. While the push-to-talk key is down nothing ends a turn; when
it comes up the turn is over at once. A tap too short to mean anything does not end what somebody says without it.
"""

from dataclasses import replace
from typing import Protocol, assert_never

from voicemate.config.schema import BargeInSettings, PushToTalkSettings, Settings, SpeculationSettings, TurnSettings
from voicemate.core.events import FloorState
from voicemate.core.pcm import to_ms, to_samples
from voicemate.turns.end_of_turn.pause_model import PauseModel
from voicemate.turns.end_of_turn.rule import EndOfTurnRule
from voicemate.turns.floor_state import CurrentReply, CurrentSpeech, KeyState
from voicemate.turns.interruption.ducking import BargeInDucking
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
    EndSpeech,
    EnterState,
    FloorAction,
    FloorInput,
    GenerationFailed,
    Interrupt,
    KeyDown,
    KeyUp,
    PowerChanged,
    RejectSpeech,
    ReplyAudible,
    ReplyReady,
    ReplySilent,
    ResumePlayback,
    RetractReply,
    StartGeneration,
    StopPlayback,
    Tick,
    TypedTurn,
    VoiceOff,
    VoiceOn,
    WordsJudged,
)
from voicemate.turns.speculation import SpeculationPolicy


class FloorPolicy(Protocol):
    """Decides whose turn it is: a ``Floor``, or what wraps one."""

    @property
    def state(self) -> FloorState:
        """Who holds the floor."""
        ...

    @property
    def key_ends_turn(self) -> bool:
        """Whether the key ends the person's turn, so that its end need not be judged."""
        ...

    def step(self, message: FloorInput) -> list[FloorAction]:
        """Take one input; return what to do, in order."""
        ...


class Floor:
    """Decides whose turn it is.

    Args:
        endpoint: how long a silence ends a turn.
        barge_in: what a voice over the character's may do.
        push_to_talk: what the key does.
        speculation: how soon work on a reply begins.
    """

    def __init__(
        self,
        turns: TurnSettings,
        barge_in: BargeInSettings | None = None,
        push_to_talk: PushToTalkSettings | None = None,
        speculation: SpeculationSettings | None = None,
    ):
        self._turns = turns
        self._barge_in = barge_in or BargeInSettings()
        self._ducking = BargeInDucking(self._barge_in)
        self._push_to_talk = push_to_talk or PushToTalkSettings()
        self._rule = EndOfTurnRule(turns)
        self._speculation = SpeculationPolicy(speculation or SpeculationSettings())
        self.state = FloorState.LISTENING
        self._generations = 0
        self._speech: CurrentSpeech | None = None
        self._reply: CurrentReply | None = None
        self._key = KeyState.UP
        self._key_at = 0
        self._voice = False  # in the latest tick
        self._spoke_before_key = False  # the person had begun to speak, and can go on without the key
        self._pause_model = PauseModel()

    @classmethod
    def from_settings(cls, settings: Settings) -> "Floor":
        """A fresh floor with all that ``settings`` say about it."""
        return cls(settings.turns, settings.barge_in, settings.push_to_talk, settings.speculation)

    @property
    def key_ends_turn(self) -> bool:
        """Whether the key ends the person's turn, so that its end need not be judged."""
        return self._key is not KeyState.UP

    @property
    def pause_model(self) -> PauseModel:
        """How this person has paused so far."""
        return self._pause_model

    def step(self, message: FloorInput) -> list[FloorAction]:  # noqa: C901 - one case for each message
        """Take one input, return what to do, in order."""
        match message:
            case VoiceOn():
                return self._voice_on(message)
            case VoiceOff():
                return self._voice_off(message)
            case Tick():
                return self._tick(message)
            case WordsJudged():
                return self._words_judged(message)
            case ReplyReady():
                return self._reply_ready(message)
            case ReplyAudible():
                return self._reply_audible(message)
            case ReplySilent():
                return self._reply_silent(message)
            case TypedTurn():
                return self._typed_turn(message)
            case KeyDown():
                return self._key_down(message)
            case KeyUp():
                return self._key_up(message)
            case Interrupt():
                return self._interrupt(message)
            case PowerChanged():
                return self._power_changed(message)
            case GenerationFailed():
                return self._generation_failed(message)
            case _:
                assert_never(message)

    # ------------------------------------------------------------ the person's voice

    def _voice_on(self, got: VoiceOn) -> list[FloorAction]:
        if self._reply is not None and self._reply.audible_at is not None and self.state is FloorState.SPEAKING:
            self._speech = CurrentSpeech(got.began)
            return [*self._ducking.pause(), *self._enter(FloorState.OVERLAPPING, "a voice over the character's")]
        speech, acts = self._speech, list[FloorAction]()
        if self._reply is not None and self._reply.audible_at is None:
            answer, self._reply = self._reply, None
            acts.append(DiscardGeneration(answer.generation_id, "the person went on"))
            speech = CurrentSpeech(answer.began, answer.ended)
            self._speculation.record_outcome(False)
        elif speech is not None and speech.ended is not None and speech.generation_id:
            acts.append(DiscardGeneration(speech.generation_id, "the person went on"))
            if speech.judged is not None:  # a breath between two words is over before much work is done
                self._speculation.record_outcome(False)
        self._learn_pause(speech, got.began)
        self._speech = CurrentSpeech(got.began if speech is None else speech.began)
        if self.state is FloorState.OVERLAPPING:
            return acts
        return acts + self._enter(FloorState.HEARING, "a voice")

    def _voice_off(self, got: VoiceOff) -> list[FloorAction]:
        speech = self._speech
        if speech is None or speech.ended is not None:
            return []
        self._speech = CurrentSpeech(speech.began, got.ended)
        return self._start_generation(got.at)

    def _start_generation(self, at: int) -> list[FloorAction]:
        """Work on the reply begins, once the pause has lasted long enough for that."""
        speech = self._speech
        if speech is None or speech.ended is None or speech.generation_id:
            return []
        if at - speech.ended < to_samples(self._speculation.pause_ms) and self._key is not KeyState.RELEASED:
            return []
        self._generations += 1
        self._speech = replace(speech, generation_id=self._generations)
        return [StartGeneration(self._generations, speech.began, speech.ended)]

    def _learn_pause(self, speech: CurrentSpeech | None, began: int, cut_in: bool = False) -> None:
        if speech is not None and speech.ended is not None:
            self._pause_model = self._pause_model.after_pause(to_ms(began - speech.ended), cut_in)

    # ------------------------------------------------------------ the time

    def _tick(self, got: Tick) -> list[FloorAction]:
        self._voice = got.voice
        match self.state:
            case FloorState.SPEAKING:
                return self._ducking.on_tick(got)
            case FloorState.OVERLAPPING:
                return self._overlap_tick(got)
            case _ if self._key is not KeyState.UP:
                return [*self._start_generation(got.at), *self._key_tick(got)]
        return [] if got.voice else [*self._start_generation(got.at), *self._decide(got.at)]

    def _overlap_tick(self, got: Tick) -> list[FloorAction]:
        """So much voice is a bid for the floor, whatever the words."""
        speech = self._speech
        if speech is None or speech.ended is not None or not got.voice:
            return [] if got.voice else self._start_generation(got.at)
        if got.at - speech.began < to_samples(self._barge_in.min_interruption_ms):
            return []
        return self._take_floor("the person speaks")

    def _key_tick(self, got: Tick) -> list[FloorAction]:
        """With the key, only the key ends a turn; what came in the tail after it still belongs to it.

        Silence before the key came up counts as tail: who was done already need not wait for it.
        """
        speech = self._speech
        since = self._key_at
        if speech is not None and speech.ended is not None and not got.voice:
            since = min(since, speech.ended)
        tail_over = got.at >= self._key_at and got.at - since >= to_samples(self._push_to_talk.tail_ms)
        if self._key is KeyState.DOWN or not tail_over:
            return []
        if speech is None:
            self._key = KeyState.UP
            return self._listen("nothing was said")
        if speech.ended is None:
            return [EndSpeech()]
        return self._decide(got.at)

    # ------------------------------------------------------------ is the turn over?

    def _words_judged(self, got: WordsJudged) -> list[FloorAction]:
        speech = self._speech
        if speech is None or not speech.is_generation(got.generation_id):
            return []
        if self.state is FloorState.OVERLAPPING:
            if not got.interrupts:
                return self._resume_playback(got)
            acts = self._take_floor(got.reason or "the words take the floor")
            assert self._speech is not None
            self._speech = replace(self._speech, judged=got)
            return acts + self._decide(got.at)
        self._speech = replace(speech, judged=got)
        return self._decide(got.at)

    def _decide(self, at: int) -> list[FloorAction]:
        """The silence so far against the silence that the words ask for."""
        speech = self._speech
        if (
            speech is None
            or speech.ended is None
            or self._key is KeyState.DOWN
            or self.state is FloorState.OVERLAPPING
        ):
            return []
        silence = at - speech.ended
        needed, why = self._required_silence(speech)
        if silence < needed:
            return []
        if speech.judged is None:  # the person is done, the words are not known yet
            return self._enter(FloorState.THINKING, "waiting for the words")
        if not speech.judged.has_words:
            self._key = KeyState.UP
            dismissed = RejectSpeech(speech.generation_id, speech.began, speech.ended, speech.judged.reason)
            return [dismissed, *self._listen("no words")]
        if self._should_await_reply(speech, at):
            self._speech = replace(speech, due_at=speech.over_since(at))
            return []
        return self._commit(speech, speech.ended, speech.end_reason(at, why))

    def _should_await_reply(self, speech: CurrentSpeech, at: int) -> bool:
        """The turn is over, but nothing could be heard of the reply yet."""
        if speech.ready or self._key is not KeyState.UP:
            return False
        return at - speech.over_since(at) < to_samples(self._turns.reply_wait_ms)

    def _reply_ready(self, got: ReplyReady) -> list[FloorAction]:
        speech = self._speech
        if speech is None or not speech.is_generation(got.generation_id):
            return []
        self._speech = replace(speech, ready=True)
        return [] if speech.due_at is None or self._voice else self._decide(got.at)

    def _required_silence(self, speech: CurrentSpeech) -> tuple[int, str]:
        """Samples of silence, and why so many."""
        if self._key is KeyState.RELEASED:
            return 0, "the key came up"
        if speech.judged is None:
            return to_samples(self._turns.longest_ms), "the words are not known"
        votes = replace(speech.judged.signals, pause_model=self._pause_model)
        wait = self._rule.delay(votes, speech.judged.patience)
        return to_samples(wait.ms), wait.reason

    def _commit(self, speech: CurrentSpeech, ended: int, reason: str) -> list[FloorAction]:
        keyed, self._key = self._key is KeyState.RELEASED, KeyState.UP
        self._speculation.record_outcome(True)
        self._reply = CurrentReply(speech.generation_id, speech.began, ended, spoken=not keyed)
        self._speech = None
        committed = CommitTurn(speech.generation_id, speech.began, ended, reason, speech.due_at)
        return [*self._enter(FloorState.THINKING, reason), committed]

    # ------------------------------------------------------------ the character's voice

    def _reply_audible(self, got: ReplyAudible) -> list[FloorAction]:
        self._reply = replace(self._reply or CurrentReply(0, got.at, got.at, spoken=False), audible_at=got.at)
        return self._enter(FloorState.SPEAKING, "the character speaks")

    def _reply_silent(self, _: ReplySilent) -> list[FloorAction]:
        answer, self._reply = self._reply, None
        if answer is None or answer.audible_at is None:
            self._reply = answer
            return []
        if answer.spoken:
            self._pause_model = self._pause_model.after_turn()
        acts = self._ducking.resume("it was nothing")
        if self.state is FloorState.OVERLAPPING and self._speech is not None:
            return [*acts, *self._enter(FloorState.HEARING, "the character was done")]
        return [*acts, *self._listen("the character is done")]

    def _take_floor(self, why: str) -> list[FloorAction]:
        """The person has the floor: the reply in the air is over, or never was."""
        answer, self._reply = self._reply, None
        assert answer is not None
        assert self._speech is not None
        acts: list[FloorAction] = [StopPlayback(answer.generation_id, why)]
        self._ducking.reset()
        if answer.is_false_cut_in(self._speech.began, to_samples(self._barge_in.false_cut_in_ms)):
            self._learn_pause(CurrentSpeech(answer.began, answer.ended), self._speech.began, cut_in=True)
            self._speech = replace(self._speech, began=answer.began)
            acts = [RetractReply(answer.generation_id, why)]
        return acts + self._enter(FloorState.HEARING, why)

    def _resume_playback(self, got: WordsJudged) -> list[FloorAction]:
        speech, self._speech = self._speech, None
        assert speech is not None
        assert speech.ended is not None
        self._ducking.reset()
        dismissed = RejectSpeech(speech.generation_id, speech.began, speech.ended, got.reason)
        return [
            dismissed,
            ResumePlayback(got.reason),
            *self._enter(FloorState.SPEAKING, got.reason or "it was nothing"),
        ]

    # ------------------------------------------------------------ keys, commands, faults

    def _key_down(self, got: KeyDown) -> list[FloorAction]:
        if self._key is KeyState.DOWN:
            return []
        hears = self.state is FloorState.HEARING and self._speech is not None
        self._spoke_before_key = hears and self._key is KeyState.UP
        self._key, self._key_at = KeyState.DOWN, got.at
        acts: list[FloorAction] = []
        if self._reply is not None and self._reply.audible_at is None:
            answer, self._reply = self._reply, None
            acts.append(DiscardGeneration(answer.generation_id, "the key went down"))
            self._speech = CurrentSpeech(answer.began)
        elif self._reply is not None:
            self._speech = self._speech or CurrentSpeech(got.at)
            over = self.state is FloorState.OVERLAPPING
            acts += self._take_floor("the key went down")
            if not over:  # nobody has said anything yet, unless this goes on with what came before
                self._speech = self._speech if isinstance(acts[0], RetractReply) else None
        return acts + self._enter(FloorState.HEARING, "the key is down")

    def _key_up(self, got: KeyUp) -> list[FloorAction]:
        if self._key is not KeyState.DOWN:
            return []
        tap = got.at - self._key_at < to_samples(self._push_to_talk.tap_ms)
        self._key, self._key_at = KeyState.UP if tap and self._spoke_before_key else KeyState.RELEASED, got.at
        return []

    def _power_changed(self, got: PowerChanged) -> list[FloorAction]:
        self._speculation.on_battery = got.on_battery
        return []

    def _interrupt(self, got: Interrupt) -> list[FloorAction]:
        acts = self._drop_everything(got.reason)
        return acts + self._listen(got.reason)

    def _typed_turn(self, got: TypedTurn) -> list[FloorAction]:
        acts = self._drop_everything("a typed turn")
        self._generations += 1
        self._reply = CurrentReply(self._generations, got.at, got.at, spoken=False)
        self._speech = None
        prepared = StartGeneration(self._generations, got.at, got.at)
        committed = CommitTurn(self._generations, got.at, got.at, "typed")
        return [*acts, prepared, *self._enter(FloorState.THINKING, "typed"), committed]

    def _drop_everything(self, why: str) -> list[FloorAction]:
        acts: list[FloorAction] = []
        if self._speech is not None and self._speech.ended is not None and self._speech.generation_id:
            acts.append(DiscardGeneration(self._speech.generation_id, why, turn_continues=False))
        answer, self._reply = self._reply, None
        self._key = KeyState.UP
        self._ducking.reset()
        if answer is not None and answer.audible_at is not None:
            acts.append(StopPlayback(answer.generation_id, why))
        elif answer is not None:
            acts.append(DiscardGeneration(answer.generation_id, why, turn_continues=False))
        return acts

    def _generation_failed(self, got: GenerationFailed) -> list[FloorAction]:
        speech, answer = self._speech, self._reply
        if speech is not None and speech.is_generation(got.generation_id):
            if self.state is FloorState.OVERLAPPING:
                return self._resume_playback(
                    WordsJudged(got.at, got.generation_id, has_words=False, interrupts=False, reason=got.reason)
                )
            self._key = KeyState.UP
            return [DiscardGeneration(got.generation_id, got.reason, turn_continues=False), *self._listen(got.reason)]
        if answer is not None and got.generation_id == answer.generation_id and answer.audible_at is None:
            self._reply = None
            return [DiscardGeneration(got.generation_id, got.reason, turn_continues=False), *self._listen(got.reason)]
        return []  # what was said already is said to its end

    def _listen(self, reason: str) -> list[FloorAction]:
        self._speech = None
        return self._enter(FloorState.LISTENING, reason)

    def _enter(self, state: FloorState, reason: str) -> list[FloorAction]:
        if state is self.state:
            return []
        self.state = state
        return [EnterState(state, reason)]
