"""The floor, whatever comes in, in whatever order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.unit.conversation.floors import ms, new_floor
from voicemate.core.events import FloorState
from voicemate.turns.end_of_turn.rule import EndOfTurnSignals
from voicemate.turns.messages import (
    CommitTurn,
    DiscardGeneration,
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


class AnyConversation(RuleBasedStateMachine):
    """The acts make sense to the engines and to the loudspeaker."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = new_floor(reply_ms=200)
        self.at = 0
        self.preparing: int | None = None
        self.answer: int | None = None
        self.audible = False
        self.silenced = False
        self.voice = False

    def give(self, given_input: FloorInput) -> None:
        for act in self.floor.step(given_input):
            self.carry_out(act)

    def carry_out(self, act: FloorAction) -> None:
        match act:
            case StartGeneration():
                assert self.preparing is None, "one preparation at a time"
                assert act.began <= act.ended
                self.preparing = act.generation_id
            case CommitTurn():
                assert act.generation_id == self.preparing, "only what was prepared is committed"
                assert self.answer is None, "one reply at a time"
                self.preparing, self.answer, self.audible, self.silenced = None, act.generation_id, False, False
            case DiscardGeneration() if act.generation_id == self.preparing:
                self.preparing = None
            case DiscardGeneration():
                assert act.generation_id == self.answer
                assert not self.audible, "what was heard is cut off, not rolled back"
                self.answer = None
            case RejectSpeech():
                assert act.generation_id == self.preparing
                self.preparing = None
            case StopPlayback() | RetractReply():
                assert act.generation_id == self.answer
                assert self.audible
                self.answer, self.audible = None, False
            case PausePlayback():
                assert self.audible
                assert not self.silenced
                self.silenced = True
            case ResumePlayback():
                assert self.audible
                assert self.silenced
                self.silenced = False

    @rule(ms_later=st.integers(1, 2000))
    def tick(self, ms_later: int) -> None:
        self.at += ms(ms_later)
        self.give(Tick(self.at, self.voice))

    @precondition(lambda self: not self.voice)
    @rule()
    def voice_on(self) -> None:
        self.voice = True
        self.give(VoiceOn(self.at, self.at))

    @precondition(lambda self: self.voice)
    @rule()
    def voice_off(self) -> None:
        self.voice = False
        self.give(VoiceOff(self.at, self.at))

    @rule(number=st.integers(0, 9), words=st.booleans(), bid=st.booleans(), breaks_off=st.booleans())
    def judged(self, number: int, words: bool, bid: bool, breaks_off: bool) -> None:
        self.give(
            WordsJudged(
                self.at,
                number,
                has_words=words,
                interrupts=bid or words,
                signals=EndOfTurnSignals(breaks_off=breaks_off),
            )
        )

    @rule(words=st.booleans(), bid=st.booleans())
    def judged_the_one_that_is_prepared(self, words: bool, bid: bool) -> None:
        if self.preparing is not None:
            self.give(WordsJudged(self.at, self.preparing, has_words=words, interrupts=bid or words))

    @rule(number=st.integers(0, 9))
    def ready(self, number: int) -> None:
        self.give(ReplyReady(self.at, number))

    @precondition(lambda self: self.preparing is not None)
    @rule()
    def the_reply_is_ready(self) -> None:
        assert self.preparing is not None
        self.give(ReplyReady(self.at, self.preparing))

    @rule()
    def the_reply_is_heard(self) -> None:
        if self.answer is not None and not self.audible:
            self.audible = True
            self.give(ReplyAudible(self.at))

    @rule()
    def the_reply_is_over(self) -> None:
        if self.audible:
            self.give(ReplySilent(self.at))
            self.answer, self.audible, self.silenced = None, False, False

    @rule()
    def key_down(self) -> None:
        self.give(KeyDown(self.at))

    @rule(battery=st.booleans())
    def power(self, battery: bool) -> None:
        self.give(PowerChanged(self.at, battery))

    @rule()
    def key_up(self) -> None:
        self.give(KeyUp(self.at))

    @rule()
    def typed(self) -> None:
        self.give(TypedTurn(self.at))
        self.voice = False

    @rule()
    def interrupted(self) -> None:
        self.give(Interrupt(self.at, "stop"))
        self.voice = False

    @rule(number=st.integers(0, 9))
    def failed(self, number: int) -> None:
        self.give(GenerationFailed(self.at, number, "broken"))

    @invariant()
    def listening_means_that_nothing_is_held(self) -> None:
        if self.floor.state is FloorState.LISTENING:
            assert self.preparing is None
            assert self.answer is None

    @invariant()
    def who_speaks_is_heard(self) -> None:
        if self.floor.state in (FloorState.SPEAKING, FloorState.OVERLAPPING):
            assert self.audible


TestAnyConversation = AnyConversation.TestCase
TestAnyConversation.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
