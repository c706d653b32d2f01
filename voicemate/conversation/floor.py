"""Who holds the floor: a pure state machine on the sample clock.

There is no I/O, no wall clock and no waiting here, so the same inputs always give the same acts: a recorded
conversation can be decided again. ``floor_inputs.py`` is its vocabulary.

A turn is prepared at every pause and costs nothing that anyone hears until it is committed::

    person   ~~~~~~~~~ ended          ~~~~~~~~~ ended
    inputs   VoiceOn   VoiceOff       VoiceOn   VoiceOff  Judged  Ready   Ticks .  Audible     Silent
    state    HEARING  ...................................................THINKING  SPEAKING    LISTENING
    acts               Prepare 1      RollBack 1 Prepare 2               Commit 2

A turn that is over before its reply is ready stays open for it, up to ``endpoint.reply_ms``: to end it would let
nobody hear anything sooner, and whoever goes on meanwhile was not done.

A voice over the character's is given room at once, and judged while the character holds its breath::

    inputs   Tick(voice)  more of it  VoiceOn   VoiceOff  Judged     or: Ticks, for bid_ms of voice
    state    SPEAKING                 YIELDING ............................. HEARING
    acts     Duck         Hold                  Prepare   GoOn | CutOff      CutOff

A reply that began too early (the person goes on within ``take_back_ms`` of its first word) is forgotten instead of
cut off, and both halves of what they say are one turn. While the push-to-talk key is down nothing ends a turn; when
it comes up the turn is over at once. A tap too short to mean anything does not end what somebody says without it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from voicemate.config import BargeInSettings, EndpointSettings, PushToTalkSettings, Settings, SpeculationSettings
from voicemate.conversation.eagerness import Eagerness
from voicemate.conversation.endpointing import EndpointRule
from voicemate.conversation.floor_inputs import (
    Act,
    Asked,
    Audible,
    Commit,
    CutOff,
    Dismiss,
    EndSpeech,
    Enter,
    Failed,
    Forget,
    GoOn,
    Input,
    Interrupt,
    Judged,
    KeyDown,
    KeyUp,
    Power,
    Prepare,
    Ready,
    RollBack,
    Silent,
    Tick,
    VoiceOff,
    VoiceOn,
)
from voicemate.conversation.floor_state import Answer, Key, Speech
from voicemate.conversation.giving_way import GivingWay
from voicemate.conversation.pause_habit import PauseHabit
from voicemate.events import FloorState
from voicemate.sound import milliseconds, samples


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
        endpoint: EndpointSettings,
        barge_in: BargeInSettings | None = None,
        push_to_talk: PushToTalkSettings | None = None,
        speculation: SpeculationSettings | None = None,
    ):
        self._endpoint = endpoint
        self._barge_in = barge_in or BargeInSettings()
        self._giving_way = GivingWay(self._barge_in)
        self._push_to_talk = push_to_talk or PushToTalkSettings()
        self._rule = EndpointRule(endpoint)
        self._eagerness = Eagerness(speculation or SpeculationSettings())
        self.state = FloorState.LISTENING
        self._numbers = 0
        self._speech: Speech | None = None
        self._answer: Answer | None = None
        self._key = Key.UP
        self._key_at = 0
        self._voice = False  # in the latest tick
        self._spoke_before_key = False  # the person had begun to speak, and can go on without the key
        self._habit = PauseHabit()
        self._steps: dict[type[Input], Callable[[Any], list[Act]]] = {
            VoiceOn: self._voice_on,
            VoiceOff: self._voice_off,
            Tick: self._tick,
            Judged: self._judge,
            Ready: self._be_ready,
            Audible: self._be_audible,
            Silent: self._be_silent,
            Asked: self._ask,
            KeyDown: self._press,
            KeyUp: self._release,
            Interrupt: self._interrupt,
            Power: self._power,
            Failed: self._fail,
        }

    @classmethod
    def of(cls, settings: Settings) -> "Floor":
        """A fresh floor with all that ``settings`` say about it."""
        return cls(settings.settled().endpoint, settings.barge_in, settings.push_to_talk, settings.speculation)

    @property
    def habit(self) -> PauseHabit:
        """How this person has paused so far."""
        return self._habit

    def step(self, got: Input) -> list[Act]:
        """Take one input, return what to do, in order."""
        return self._steps[type(got)](got)

    # ------------------------------------------------------------ the person's voice

    def _voice_on(self, got: VoiceOn) -> list[Act]:
        if self._answer is not None and self._answer.audible is not None and self.state is FloorState.SPEAKING:
            self._speech = Speech(got.began)
            return [*self._giving_way.hold(), *self._enter(FloorState.YIELDING, "a voice over the character's")]
        speech, acts = self._speech, list[Act]()
        if self._answer is not None and self._answer.audible is None:
            answer, self._answer = self._answer, None
            acts.append(RollBack(answer.number, "the person went on"))
            speech = Speech(answer.began, answer.ended)
            self._eagerness.used(False)
        elif speech is not None and speech.ended is not None and speech.number:
            acts.append(RollBack(speech.number, "the person went on"))
            if speech.judged is not None:  # a breath between two words is over before much work is done
                self._eagerness.used(False)
        self._learn(speech, got.began)
        self._speech = Speech(got.began if speech is None else speech.began)
        if self.state is FloorState.YIELDING:
            return acts
        return acts + self._enter(FloorState.HEARING, "a voice")

    def _voice_off(self, got: VoiceOff) -> list[Act]:
        speech = self._speech
        if speech is None or speech.ended is not None:
            return []
        self._speech = Speech(speech.began, got.ended)
        return self._prepare(got.at)

    def _prepare(self, at: int) -> list[Act]:
        """Work on the reply begins, once the pause has lasted long enough for that."""
        speech = self._speech
        if speech is None or speech.ended is None or speech.number:
            return []
        if at - speech.ended < samples(self._eagerness.pause_ms) and self._key is not Key.RELEASED:
            return []
        self._numbers += 1
        self._speech = replace(speech, number=self._numbers)
        return [Prepare(self._numbers, speech.began, speech.ended)]

    def _learn(self, speech: Speech | None, began: int, cut_in: bool = False) -> None:
        if speech is not None and speech.ended is not None:
            self._habit = self._habit.after(milliseconds(began - speech.ended), cut_in)

    # ------------------------------------------------------------ the time

    def _tick(self, got: Tick) -> list[Act]:
        self._voice = got.voice
        match self.state:
            case FloorState.SPEAKING:
                return self._giving_way.listen(got)
            case FloorState.YIELDING:
                return self._yield_or_not(got)
            case _ if self._key is not Key.UP:
                return [*self._prepare(got.at), *self._wait_for_key(got)]
        return [] if got.voice else [*self._prepare(got.at), *self._decide(got.at)]

    def _yield_or_not(self, got: Tick) -> list[Act]:
        """So much voice is a bid for the floor, whatever the words."""
        speech = self._speech
        if speech is None or speech.ended is not None or not got.voice:
            return [] if got.voice else self._prepare(got.at)
        if got.at - speech.began < samples(self._barge_in.bid_ms):
            return []
        return self._take_floor("the person speaks")

    def _wait_for_key(self, got: Tick) -> list[Act]:
        """With the key, only the key ends a turn; what came in the tail after it still belongs to it.

        Silence before the key came up counts as tail: who was done already need not wait for it.
        """
        speech = self._speech
        since = self._key_at
        if speech is not None and speech.ended is not None and not got.voice:
            since = min(since, speech.ended)
        tail_over = got.at >= self._key_at and got.at - since >= samples(self._push_to_talk.tail_ms)
        if self._key is Key.DOWN or not tail_over:
            return []
        if speech is None:
            self._key = Key.UP
            return self._listen("nothing was said")
        if speech.ended is None:
            return [EndSpeech()]
        return self._decide(got.at)

    # ------------------------------------------------------------ is the turn over?

    def _judge(self, got: Judged) -> list[Act]:
        speech = self._speech
        if speech is None or not speech.prepared_as(got.number):
            return []
        if self.state is FloorState.YIELDING:
            if not got.bid:
                return self._go_on(got)
            acts = self._take_floor(got.why or "the words take the floor")
            assert self._speech is not None
            self._speech = replace(self._speech, judged=got)
            return acts + self._decide(got.at)
        self._speech = replace(speech, judged=got)
        return self._decide(got.at)

    def _decide(self, at: int) -> list[Act]:
        """The silence so far against the silence that the words ask for."""
        speech = self._speech
        if speech is None or speech.ended is None or self._key is Key.DOWN or self.state is FloorState.YIELDING:
            return []
        silence = at - speech.ended
        needed, why = self._wait(speech)
        if silence < needed:
            return []
        if speech.judged is None:  # the person is done, the words are not known yet
            return self._enter(FloorState.THINKING, "waiting for the words")
        if not speech.judged.words:
            self._key = Key.UP
            dismissed = Dismiss(speech.number, speech.began, speech.ended, speech.judged.why)
            return [dismissed, *self._listen("no words")]
        if self._should_await_reply(speech, at):
            self._speech = replace(speech, due=speech.over_since(at))
            return []
        return self._commit(speech, speech.ended, speech.why_over(at, why))

    def _should_await_reply(self, speech: Speech, at: int) -> bool:
        """The turn is over, but nothing could be heard of the reply yet."""
        if speech.ready or self._key is not Key.UP:
            return False
        return at - speech.over_since(at) < samples(self._endpoint.reply_ms)

    def _be_ready(self, got: Ready) -> list[Act]:
        speech = self._speech
        if speech is None or not speech.prepared_as(got.number):
            return []
        self._speech = replace(speech, ready=True)
        return [] if speech.due is None or self._voice else self._decide(got.at)

    def _wait(self, speech: Speech) -> tuple[int, str]:
        """Samples of silence, and why so many."""
        if self._key is Key.RELEASED:
            return 0, "the key came up"
        if speech.judged is None:
            return samples(self._endpoint.longest_ms), "the words are not known"
        votes = replace(speech.judged.votes, habit=self._habit)
        wait = self._rule.wait(votes, speech.judged.patience)
        return samples(wait.ms), wait.why

    def _commit(self, speech: Speech, ended: int, reason: str) -> list[Act]:
        keyed, self._key = self._key is Key.RELEASED, Key.UP
        self._eagerness.used(True)
        self._answer = Answer(speech.number, speech.began, ended, spoken=not keyed)
        self._speech = None
        committed = Commit(speech.number, speech.began, ended, reason, speech.due)
        return [*self._enter(FloorState.THINKING, reason), committed]

    # ------------------------------------------------------------ the character's voice

    def _be_audible(self, got: Audible) -> list[Act]:
        self._answer = replace(self._answer or Answer(0, got.at, got.at, spoken=False), audible=got.at)
        return self._enter(FloorState.SPEAKING, "the character speaks")

    def _be_silent(self, _: Silent) -> list[Act]:
        answer, self._answer = self._answer, None
        if answer is None or answer.audible is None:
            self._answer = answer
            return []
        if answer.spoken:
            self._habit = self._habit.after_turn()
        acts = self._giving_way.stop("it was nothing")
        if self.state is FloorState.YIELDING and self._speech is not None:
            return [*acts, *self._enter(FloorState.HEARING, "the character was done")]
        return [*acts, *self._listen("the character is done")]

    def _take_floor(self, why: str) -> list[Act]:
        """The person has the floor: the reply in the air is over, or never was."""
        answer, self._answer = self._answer, None
        assert answer is not None
        assert self._speech is not None
        acts: list[Act] = [CutOff(answer.number, why)]
        self._giving_way.forget()
        if answer.came_too_early(self._speech.began, samples(self._barge_in.take_back_ms)):
            self._learn(Speech(answer.began, answer.ended), self._speech.began, cut_in=True)
            self._speech = replace(self._speech, began=answer.began)
            acts = [Forget(answer.number, why)]
        return acts + self._enter(FloorState.HEARING, why)

    def _go_on(self, got: Judged) -> list[Act]:
        speech, self._speech = self._speech, None
        assert speech is not None
        assert speech.ended is not None
        self._giving_way.forget()
        dismissed = Dismiss(speech.number, speech.began, speech.ended, got.why)
        return [dismissed, GoOn(got.why), *self._enter(FloorState.SPEAKING, got.why or "it was nothing")]

    # ------------------------------------------------------------ keys, commands, faults

    def _press(self, got: KeyDown) -> list[Act]:
        if self._key is Key.DOWN:
            return []
        hears = self.state is FloorState.HEARING and self._speech is not None
        self._spoke_before_key = hears and self._key is Key.UP
        self._key, self._key_at = Key.DOWN, got.at
        acts: list[Act] = []
        if self._answer is not None and self._answer.audible is None:
            answer, self._answer = self._answer, None
            acts.append(RollBack(answer.number, "the key went down"))
            self._speech = Speech(answer.began)
        elif self._answer is not None:
            self._speech = self._speech or Speech(got.at)
            over = self.state is FloorState.YIELDING
            acts += self._take_floor("the key went down")
            if not over:  # nobody has said anything yet, unless this goes on with what came before
                self._speech = self._speech if isinstance(acts[0], Forget) else None
        return acts + self._enter(FloorState.HEARING, "the key is down")

    def _release(self, got: KeyUp) -> list[Act]:
        if self._key is not Key.DOWN:
            return []
        tap = got.at - self._key_at < samples(self._push_to_talk.tap_ms)
        self._key, self._key_at = Key.UP if tap and self._spoke_before_key else Key.RELEASED, got.at
        return []

    def _power(self, got: Power) -> list[Act]:
        self._eagerness.on_battery = got.battery
        return []

    def _interrupt(self, got: Interrupt) -> list[Act]:
        acts = self._drop_everything(got.why)
        return acts + self._listen(got.why)

    def _ask(self, got: Asked) -> list[Act]:
        acts = self._drop_everything("a typed turn")
        self._numbers += 1
        self._answer = Answer(self._numbers, got.at, got.at, spoken=False)
        self._speech = None
        prepared = Prepare(self._numbers, got.at, got.at)
        committed = Commit(self._numbers, got.at, got.at, "typed")
        return [*acts, prepared, *self._enter(FloorState.THINKING, "typed"), committed]

    def _drop_everything(self, why: str) -> list[Act]:
        acts: list[Act] = []
        if self._speech is not None and self._speech.ended is not None and self._speech.number:
            acts.append(RollBack(self._speech.number, why, more=False))
        answer, self._answer = self._answer, None
        self._key = Key.UP
        self._giving_way.forget()
        if answer is not None and answer.audible is not None:
            acts.append(CutOff(answer.number, why))
        elif answer is not None:
            acts.append(RollBack(answer.number, why, more=False))
        return acts

    def _fail(self, got: Failed) -> list[Act]:
        speech, answer = self._speech, self._answer
        if speech is not None and speech.prepared_as(got.number):
            if self.state is FloorState.YIELDING:
                return self._go_on(Judged(got.at, got.number, words=False, bid=False, why=got.why))
            self._key = Key.UP
            return [RollBack(got.number, got.why, more=False), *self._listen(got.why)]
        if answer is not None and got.number == answer.number and answer.audible is None:
            self._answer = None
            return [RollBack(got.number, got.why, more=False), *self._listen(got.why)]
        return []  # what was said already is said to its end

    def _listen(self, reason: str) -> list[Act]:
        self._speech = None
        return self._enter(FloorState.LISTENING, reason)

    def _enter(self, state: FloorState, reason: str) -> list[Act]:
        if state is self.state:
            return []
        self.state = state
        return [Enter(state, reason)]
