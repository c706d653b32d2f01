"""What is learned from how somebody pauses."""

from hypothesis import given
from hypothesis import strategies as st

from voicemate.turns.end_of_turn.pause_model import PauseModel

PAUSES = st.floats(0, 10_000)


def after(*pauses: float) -> PauseModel:
    habit = PauseModel()
    for pause in pauses:
        habit = habit.after_pause(pause)
    return habit


def test_nothing_is_known_at_first():
    assert PauseModel().typical_ms == 0


def test_gaps_between_words_teach_nothing():
    assert after(100, 180, 240) == PauseModel()


def test_somebody_who_pauses_for_a_second_is_known_after_a_few_pauses():
    assert after(1000, 900, 1100, 1000).typical_ms > 900


def test_one_long_pause_is_soon_forgotten():
    assert after(400, 400, 3000, *[400] * 20).typical_ms < 600


def test_a_false_cut_in_teaches_more_than_a_pause_that_was_waited_through():
    assert after(400).after_pause(1000, false_cut_in=True).typical_ms > after(400).after_pause(1000).typical_ms


def test_one_pause_in_five_is_longer_than_the_typical_one():
    pauses = [300.0, 400.0, 500.0, 600.0, 700.0, 800.0, 900.0, 1000.0, 1100.0, 1200.0] * 30
    assert 850 < after(*pauses).typical_ms < 1150


def test_a_turn_of_long_pauses_is_forgotten_two_turns_later():
    habit = after(900, 900, 900).after_turn()
    assert 400 < habit.typical_ms < 500
    assert habit.after_turn().typical_ms == 0


@given(st.lists(PAUSES))
def test_the_typical_pause_lies_among_the_pauses(pauses: list[float]):
    typical, long = after(*pauses).typical_ms, [pause for pause in pauses if pause >= 250]
    if long:
        assert min(long) - 1 <= typical <= max(long) + 1
    else:
        assert typical == 0
