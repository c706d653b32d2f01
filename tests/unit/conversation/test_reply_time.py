"""How soon replies are ready on this machine, and what the end of a turn makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conversation.floors import BARGE_IN, ms
from voicemate.config import EndpointSettings, SpeculationSettings
from voicemate.conversation.endpointing import Votes
from voicemate.conversation.floor import Floor
from voicemate.conversation.floor_inputs import (
    Act,
    Audible,
    Commit,
    Input,
    Interrupt,
    Judged,
    Ready,
    Silent,
    Tick,
    VoiceOff,
    VoiceOn,
)
from voicemate.conversation.reply_time import ReplyTime
from voicemate.events import FloorState

WHOLE = Votes(sentence=1.0)


def times(*ready: float) -> ReplyTime:
    made = ReplyTime()
    for one in ready:
        made = made.after(one)
    return made


@pytest.mark.parametrize("few", [(), (900,), (900, 900, 900)])
def test_the_first_replies_of_a_conversation_may_be_slow(few: tuple[float, ...]):
    assert not times(*few).often_over(600)


def test_one_slow_reply_of_four_is_many():
    assert times(300, 310, 700, 320).often_over(600)
    assert not times(300, 310, 700, 320, 330).often_over(600)


def test_a_busy_hour_is_forgotten_after_twenty_replies():
    assert not times(*[900] * 20, *[300] * 20).often_over(600)


@given(st.lists(st.floats(0, 5_000)), st.floats(0, 5_000), st.floats(0, 5_000))
def test_who_is_often_over_some_time_is_often_over_any_shorter_one(ready: list[float], one: float, other: float):
    if times(*ready).often_over(max(one, other)):
        assert times(*ready).often_over(min(one, other))


# ---------------------------------------------------------------- what the floor makes of it


def floor_with(**settings: int) -> Floor:
    given = EndpointSettings.model_validate({"shortest_ms": 300, "unready_ms": 600, "longest_ms": 1_200, **settings})
    return Floor(given, BARGE_IN, speculation=SpeculationSettings(when="always"))


def play(floor: Floor, *inputs: Input) -> list[Act]:
    return [act for got in inputs for act in floor.step(got)]


def answered(floor: Floor, ready_ms: float, held: bool = False) -> None:
    """Four whole turns whose replies were ready so long after them, and are over."""
    votes = Votes(sentence=0.1) if held else WHOLE  # those are waited for
    for number in range(1, 5):
        at = ms(10_000 * number)
        play(floor, VoiceOn(at + ms(100), at), VoiceOff(at + ms(1_032), at + ms(1_000)))
        play(floor, Judged(at + ms(1_200), number, words=True, votes=votes), Tick(at + ms(1_350)))
        assert (floor.state is FloorState.HEARING) == held
        play(floor, Ready(at + ms(1_000 + ready_ms), number), Tick(at + ms(2_900)))
        play(floor, Audible(at + ms(3_000)), Silent(at + ms(4_000)))


def silence_that_ends_a_turn(floor: Floor, at: int = ms(100_000)) -> float:
    """Milliseconds, in steps of ten."""
    play(floor, VoiceOn(at + ms(100), at), VoiceOff(at + ms(1_032), at + ms(1_000)))
    play(floor, Judged(at + ms(1_100), 5, words=True, votes=WHOLE))
    for silence in range(110, 3_000, 10):
        if any(isinstance(act, Commit) for act in play(floor, Tick(at + ms(1_000 + silence)))):
            return silence
    raise AssertionError("it never ended")


@pytest.mark.parametrize(("ready", "silence"), [(250, 300), (590, 300), (610, 600), (2_000, 600)])
@pytest.mark.parametrize("held", [True, False])
def test_where_replies_are_slow_no_turn_ends_much_sooner_than_they_come(ready: float, silence: float, held: bool):
    floor = floor_with()
    answered(floor, ready, held)
    assert silence_that_ends_a_turn(floor) == silence


def test_who_does_not_want_that_has_the_shortest_silence():
    floor = floor_with(unready_ms=0)
    answered(floor, 900)
    assert silence_that_ends_a_turn(floor) == 300


def test_replies_that_were_dropped_teach_nothing():
    floor = floor_with()
    for number in range(1, 5):
        at = ms(10_000 * number)
        play(floor, VoiceOn(at + ms(100), at), VoiceOff(at + ms(1_032), at + ms(1_000)))
        play(floor, VoiceOn(at + ms(1_300), at + ms(1_200)), Ready(at + ms(2_600), number))
        play(floor, Interrupt(at + ms(3_000), "stop"))
    assert silence_that_ends_a_turn(floor) == 300
