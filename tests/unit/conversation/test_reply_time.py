"""How soon replies are ready on this machine, and what the end of a turn makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.conversation.floors import BARGE_IN, ms
from voicemate.audio.ports import BLOCK_MS
from voicemate.config import EndpointSettings, SpeculationSettings
from voicemate.conversation.endpointing import Votes
from voicemate.conversation.floor import Floor
from voicemate.conversation.floor_inputs import (
    Act,
    Audible,
    Commit,
    Input,
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


def test_nothing_is_known_before_the_first_reply():
    assert ReplyTime().usual_ms is None


def test_seven_of_ten_replies_are_ready_by_the_usual_time():
    assert times(300, 900, 310, 320, 330, 800, 340, 850, 350, 360).usual_ms == 352


def test_a_busy_hour_is_forgotten_after_ten_replies():
    assert times(*[900] * 10, *[300] * 10).usual_ms == 288


@given(st.lists(st.floats(0, 5_000), min_size=1))
def test_seven_of_ten_are_ready_at_the_end_of_that_block(ready: list[float]):
    made = times(*ready)
    assert made.usual_ms is not None
    assert made.usual_ms % BLOCK_MS == 0
    assert sum(one <= made.usual_ms + BLOCK_MS for one in made.ready_ms) >= 0.7 * len(made.ready_ms)


# ---------------------------------------------------------------- what the floor makes of it


def floor_with(**settings: int) -> Floor:
    given = EndpointSettings.model_validate({"shortest_ms": 300, "unready_ms": 650, "longest_ms": 1_200, **settings})
    return Floor(given, BARGE_IN, speculation=SpeculationSettings(when="always"))


def play(floor: Floor, *inputs: Input) -> list[Act]:
    return [act for got in inputs for act in floor.step(got)]


def answered(floor: Floor, at: int, number: int, ready_ms: float) -> None:
    """A whole turn whose reply was ready so long after it, and is over."""
    play(floor, VoiceOn(at + ms(100), at), VoiceOff(at + ms(1_032), at + ms(1_000)))
    play(floor, Judged(at + ms(1_200), number, words=True, votes=WHOLE), Tick(at + ms(1_900)))
    play(floor, Ready(at + ms(1_000 + ready_ms), number), Audible(at + ms(2_000)), Silent(at + ms(3_000)))


def silence_that_ends_a_turn(floor: Floor, number: int, at: int = ms(100_000)) -> float:
    """Milliseconds, in steps of ten."""
    play(floor, VoiceOn(at + ms(100), at), VoiceOff(at + ms(1_032), at + ms(1_000)))
    play(floor, Judged(at + ms(1_100), number, words=True, votes=WHOLE))
    for silence in range(110, 3_000, 10):
        if any(isinstance(act, Commit) for act in play(floor, Tick(at + ms(1_000 + silence)))):
            return silence
    raise AssertionError("it never ended")


@pytest.mark.parametrize(("ready", "silence"), [(200, 300), (550, 550), (2_000, 650)])
def test_a_turn_ends_when_its_reply_can_be_expected_and_no_later_than_the_settings_say(ready: float, silence: float):
    floor = floor_with()
    answered(floor, ms(1_000), 1, ready)
    assert silence - BLOCK_MS < silence_that_ends_a_turn(floor, 2) <= silence


def test_who_does_not_want_that_has_the_shortest_silence():
    floor = floor_with(unready_ms=0)
    answered(floor, ms(1_000), 1, 540)
    assert silence_that_ends_a_turn(floor, 2) == 300


def test_a_reply_that_is_held_counts_too():
    floor, at = floor_with(), ms(1_000)
    play(floor, VoiceOn(at + ms(100), at), VoiceOff(at + ms(1_032), at + ms(1_000)))
    play(floor, Judged(at + ms(1_200), 1, words=True, votes=Votes(sentence=0.2828)), Ready(at + ms(1_400), 1))
    assert floor.state is FloorState.HEARING
    play(floor, Tick(at + ms(1_450)), Audible(at + ms(1_500)), Silent(at + ms(2_000)))
    assert silence_that_ends_a_turn(floor, 2) == 390


def test_a_reply_that_was_dropped_teaches_nothing():
    floor, at = floor_with(), ms(1_000)
    play(floor, VoiceOn(at + ms(100), at), VoiceOff(at + ms(1_032), at + ms(1_000)))
    play(floor, VoiceOn(at + ms(1_300), at + ms(1_200)), Ready(at + ms(1_600), 1))
    play(floor, VoiceOff(at + ms(2_032), at + ms(2_000)), Judged(at + ms(2_100), 2, words=True, votes=WHOLE))
    assert any(isinstance(act, Commit) for act in play(floor, Tick(at + ms(2_300))))
