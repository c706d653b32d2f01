"""The floor: who may speak, decided on the sample clock alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voicemate.config import EndpointSettings
from voicemate.conversation.floor import (
    Act,
    Asked,
    Audible,
    Commit,
    Dismiss,
    Enter,
    Failed,
    Floor,
    Input,
    Judged,
    Prepare,
    RollBack,
    Silent,
    Tick,
    VoiceOff,
    VoiceOn,
)
from voicemate.events import FloorState
from voicemate.sound import samples

ENDPOINT = EndpointSettings(silence_ms=500, hold_on_ms=1200)


def ms(value: float) -> int:
    return samples(value)


def play(floor: Floor, *inputs: Input) -> list[Act]:
    return [act for given_input in inputs for act in floor.step(given_input)]


def kinds(acts: list[Act]) -> list[type[Act]]:
    return [type(act) for act in acts if not isinstance(act, Enter)]


@pytest.fixture
def floor() -> Floor:
    return Floor(ENDPOINT)


def test_work_on_a_reply_begins_at_the_first_pause(floor: Floor) -> None:
    acts = play(floor, VoiceOn(ms(300), began=ms(200)), VoiceOff(ms(1128), ended=ms(1000)))
    assert acts == [Enter(FloorState.HEARING, "a voice"), Prepare(1, ms(200), ms(1000))]


def test_a_prepared_reply_is_let_out_when_the_silence_has_lasted(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), Judged(ms(1300), 1, words=True))
    assert kinds(play(floor, Tick(ms(1499)))) == []
    assert kinds(play(floor, Tick(ms(1500)))) == [Commit]


def test_words_that_break_off_are_given_more_time(floor: Floor) -> None:
    play(
        floor,
        VoiceOn(ms(300), ms(200)),
        VoiceOff(ms(1128), ms(1000)),
        Judged(ms(1300), 1, words=True, unfinished=True),
    )
    assert kinds(play(floor, Tick(ms(2199)))) == []
    assert kinds(play(floor, Tick(ms(2200)))) == [Commit]


def test_going_on_after_a_pause_drops_the_reply_and_keeps_the_beginning(floor: Floor) -> None:
    acts = play(
        floor,
        VoiceOn(ms(300), ms(200)),
        VoiceOff(ms(1128), ms(1000)),
        Judged(ms(1300), 1, words=True),
        VoiceOn(ms(1400), ms(1350)),
        VoiceOff(ms(2128), ms(2000)),
    )
    assert kinds(acts) == [Prepare, RollBack, Prepare]
    assert acts[-1] == Prepare(2, began=ms(200), ended=ms(2000))


def test_going_on_before_the_reply_is_audible_makes_both_halves_one_turn(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), Judged(ms(1300), 1, words=True))
    assert kinds(play(floor, Tick(ms(1500)))) == [Commit]
    acts = play(floor, VoiceOn(ms(1600), ms(1550)), VoiceOff(ms(2200), ms(2072)))
    assert kinds(acts) == [RollBack, Prepare]
    assert acts[-1] == Prepare(2, began=ms(200), ended=ms(2072))


def test_slow_words_are_waited_for_and_then_the_turn_ends_at_once(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)))
    assert play(floor, Tick(ms(1500))) == [Enter(FloorState.THINKING, "waiting for the words")]
    assert kinds(play(floor, Judged(ms(1700), 1, words=True))) == [Commit]


def test_sound_that_is_no_speech_takes_no_turn(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)))
    acts = play(floor, Judged(ms(1300), 1, words=False, why="keyboard"), Tick(ms(1500)))
    assert kinds(acts) == [Dismiss]
    assert floor.state is FloorState.LISTENING


def test_no_turn_ends_while_a_voice_may_be_coming_back(floor: Floor) -> None:
    play(floor, VoiceOn(ms(300), ms(200)), VoiceOff(ms(1128), ms(1000)), Judged(ms(1300), 1, words=True))
    assert play(floor, Tick(ms(1500), voice=True)) == []
    assert kinds(play(floor, Tick(ms(1532)))) == [Commit]


def test_a_typed_turn_is_over_at_once(floor: Floor) -> None:
    assert kinds(play(floor, Asked(ms(100)))) == [Prepare, Commit]
    assert floor.state is FloorState.THINKING


def test_a_verdict_on_a_dropped_preparation_changes_nothing(floor: Floor) -> None:
    play(floor, VoiceOn(0, 0), VoiceOff(ms(1128), ms(1000)), VoiceOn(ms(1300), ms(1250)))
    play(floor, VoiceOff(ms(2128), ms(2000)))
    assert play(floor, Judged(ms(2200), 1, words=True), Tick(ms(2400))) == []


def test_a_reply_that_breaks_off_gives_the_floor_back(floor: Floor) -> None:
    play(floor, VoiceOn(0, 0), VoiceOff(ms(1128), ms(1000)))
    acts = play(floor, Failed(ms(1200), 1, "the model broke"))
    assert kinds(acts) == [RollBack]
    assert floor.state is FloorState.LISTENING


def test_the_floor_is_free_again_when_the_character_is_done(floor: Floor) -> None:
    play(floor, VoiceOn(0, 0), VoiceOff(ms(1128), ms(1000)), Judged(ms(1200), 1, words=True), Tick(ms(1500)))
    assert play(floor, Audible(ms(1520)))[-1] == Enter(FloorState.SPEAKING, "the character speaks")
    assert play(floor, Silent(ms(3000)))[-1] == Enter(FloorState.LISTENING, "the character is done")


@given(st.integers(0, 3000), st.booleans())
def test_a_turn_never_ends_before_its_silence(waited: int, unfinished: bool) -> None:
    floor = Floor(ENDPOINT)
    play(floor, VoiceOn(0, 0), VoiceOff(ms(1000), ms(900)), Judged(ms(950), 1, words=True, unfinished=unfinished))
    needed = ENDPOINT.hold_on_ms if unfinished else ENDPOINT.silence_ms
    assert (Commit in kinds(play(floor, Tick(ms(900 + waited))))) == (waited >= needed)


class AnyConversation(RuleBasedStateMachine):
    """Whatever comes in, in whatever order: the acts make sense to the engines."""

    def __init__(self) -> None:
        super().__init__()
        self.floor = Floor(ENDPOINT)
        self.at = 0
        self.open: int | None = None  # the preparation that engines work on
        self.committed = False

    def give(self, make: type[Input], *args: object, **kwargs: object) -> None:
        for act in self.floor.step(make(self.at, *args, **kwargs)):
            match act:
                case Prepare():
                    assert self.open is None, "one preparation at a time"
                    assert act.began <= act.ended
                    self.open, self.committed = act.number, False
                case Commit():
                    assert act.number == self.open
                    assert not self.committed, "a turn is committed once"
                    self.committed = True
                case RollBack() | Dismiss():
                    assert act.number == self.open, "only what is open can be dropped"
                    self.open = None
                case Enter(state=FloorState.LISTENING):
                    self.open = None

    @rule(ms_later=st.integers(1, 2000))
    def tick(self, ms_later: int) -> None:
        self.at += ms(ms_later)
        self.give(Tick)

    @rule()
    def voice_on(self) -> None:
        self.give(VoiceOn, self.at)

    @rule()
    def voice_off(self) -> None:
        self.give(VoiceOff, self.at)

    @rule(number=st.integers(0, 5), words=st.booleans(), unfinished=st.booleans())
    def judged(self, number: int, words: bool, unfinished: bool) -> None:
        self.give(Judged, number, words=words, unfinished=unfinished)

    @rule()
    def judged_the_open_one(self) -> None:
        if self.open is not None:
            self.give(Judged, self.open, words=True)

    @rule()
    def audible(self) -> None:
        if self.committed and self.open is not None:
            self.give(Audible)

    @rule()
    def silent(self) -> None:
        self.give(Silent)

    @rule(number=st.integers(0, 5))
    def failed(self, number: int) -> None:
        self.give(Failed, number, "broken")

    @invariant()
    def listening_means_that_nothing_is_held(self) -> None:
        if self.floor.state is FloorState.LISTENING:
            assert self.open is None


TestAnyConversation = AnyConversation.TestCase
