"""How long a silence must be for the turn to be over, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.config.schema import TurnSettings
from voicemate.turns.end_of_turn.pause_model import PauseModel
from voicemate.turns.end_of_turn.rule import EndOfTurnRule, EndOfTurnSignals

SETTINGS = TurnSettings(shortest_ms=380, unsure_ms=600)
RULE = EndOfTurnRule(SETTINGS)
WHOLE = EndOfTurnSignals(breaks_off=False, sentence_complete=0.9, voice_complete=0.95)
OPEN = EndOfTurnSignals(breaks_off=False, sentence_complete=0.02, voice_complete=0.05)

maybe = st.none() | st.booleans()
probability = st.none() | st.floats(0, 1)
votes = st.builds(
    EndOfTurnSignals,
    breaks_off=maybe,
    only_opener=maybe,
    only_condition=maybe,
    sentence_complete=probability,
    voice_complete=probability,
    thinking_aloud=maybe,
    pause_model=st.none() | st.builds(PauseModel, st.integers(0, 99), st.floats(0, 60_000)),
)


def ms(given: EndOfTurnSignals, **settings) -> int:
    return EndOfTurnRule(SETTINGS.model_copy(update=settings)).delay(given).ms


def test_a_clear_ending_is_answered_soon():
    assert ms(WHOLE) <= 400


def test_an_open_ending_is_waited_for():
    assert ms(OPEN) >= 900


def test_words_that_break_off_hold_on():
    broken = EndOfTurnSignals(breaks_off=True, sentence_complete=0.9, voice_complete=0.95)
    assert ms(broken, broken_off_ms=1234) == 1234


def test_who_only_calls_is_given_time_to_go_on():
    assert ms(replace(WHOLE, only_opener=True)) >= ms(WHOLE) + 500


def test_half_of_a_sentence_is_waited_for_a_little_longer():
    assert ms(replace(WHOLE, only_condition=True)) == ms(WHOLE) + 300


def test_let_me_think_is_given_time():
    assert ms(EndOfTurnSignals(thinking_aloud=True), thinking_aloud_ms=4321) == 4321


def test_somebody_who_pauses_long_is_waited_for():
    slow = EndOfTurnSignals(sentence_complete=0.9, voice_complete=0.95, pause_model=PauseModel(9, 800))
    assert ms(slow) >= 800


def test_nobody_is_waited_for_longer_than_the_longest_wait_because_of_a_habit():
    assert (
        ms(
            EndOfTurnSignals(sentence_complete=0.9, voice_complete=0.95, pause_model=PauseModel(9, 5000)),
            longest_ms=900,
        )
        == 900
    )


def test_without_the_language_model_a_plain_silence_ends_the_turn():
    assert ms(EndOfTurnSignals(), silence_ms=555) == 555
    assert ms(EndOfTurnSignals(voice_complete=0.1), silence_ms=555) > 555


def test_without_smart_turn_the_sentence_decides():
    assert ms(EndOfTurnSignals(sentence_complete=0.9)) == SETTINGS.shortest_ms
    assert ms(EndOfTurnSignals(sentence_complete=0.02)) >= 900


def test_what_sounds_whole_is_answered_at_once_and_what_is_unsure_a_little_later():
    assert ms(EndOfTurnSignals(sentence_complete=0.4)) == SETTINGS.shortest_ms
    assert SETTINGS.shortest_ms < ms(EndOfTurnSignals(sentence_complete=0.38)) < SETTINGS.unsure_ms
    assert (
        ms(EndOfTurnSignals(sentence_complete=0.35))
        == ms(EndOfTurnSignals(sentence_complete=0.25))
        == SETTINGS.unsure_ms
    )
    assert ms(EndOfTurnSignals(sentence_complete=0.177)) == pytest.approx(SETTINGS.unsure_ms + 600, abs=5)


def test_a_shortest_wait_beyond_that_for_an_unsure_sentence_is_the_one_for_both():
    assert (
        ms(EndOfTurnSignals(sentence_complete=0.3), shortest_ms=800)
        == ms(EndOfTurnSignals(sentence_complete=0.9), shortest_ms=800)
        == 800
    )


def test_a_habit_never_makes_the_wait_shorter():
    assert ms(EndOfTurnSignals(sentence_complete=0.02, voice_complete=0.05, pause_model=PauseModel(9, 300))) == ms(
        OPEN
    )


def test_patience_lengthens_every_wait():
    assert RULE.delay(WHOLE, patience=2).ms == pytest.approx(2 * RULE.delay(WHOLE).ms, abs=1)
    assert ms(OPEN, patience=2.0) == pytest.approx(2 * ms(OPEN), abs=1)


def test_the_reason_can_be_read():
    assert RULE.delay(EndOfTurnSignals(breaks_off=True)).reason == f"{SETTINGS.broken_off_ms} ms: the words break off"
    assert RULE.delay(WHOLE).reason.endswith(": the sentence sounds whole")
    assert RULE.delay(OPEN).reason.endswith(": the sentence sounds open")
    assert RULE.delay(EndOfTurnSignals(sentence_complete=0.9, voice_complete=0.0)).reason.endswith(
        ": the voice sounds open"
    )
    assert RULE.delay(EndOfTurnSignals()).reason.endswith(": the words are not judged")


@given(votes)
def test_every_vote_may_be_missing_and_the_wait_stays_within_the_settings(given: EndOfTurnSignals):
    wait = RULE.delay(given)
    assert SETTINGS.shortest_ms <= wait.ms <= SETTINGS.thinking_aloud_ms
    assert wait == RULE.delay(given)
    assert wait.reason.startswith(f"{wait.ms} ms: ")


@given(votes, probability, probability)
def test_what_sounds_more_complete_is_never_waited_for_longer(
    given: EndOfTurnSignals, one: float | None, other: float | None
):
    if one is None or other is None:
        return
    for vote in ("sentence_complete", "voice_complete"):
        less, more = (with_vote(given, vote, value) for value in sorted((one, other)))
        assert RULE.delay(more).ms <= RULE.delay(less).ms


def with_vote(given: EndOfTurnSignals, vote: str, value: float) -> EndOfTurnSignals:
    fields = {name: getattr(given, name) for name in EndOfTurnSignals.__slots__}
    return EndOfTurnSignals(**{**fields, vote: value})
