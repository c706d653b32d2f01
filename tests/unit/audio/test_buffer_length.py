from hypothesis import given
from hypothesis import strategies as st

from voicemate.audio.buffer_length import CALM_S, BufferLength


def relapse(buffer: BufferLength) -> float:
    """It is long; returns how many seconds of sound it takes until a shorter one is tried, which then runs dry."""
    sounded = 0.0
    while not buffer.calm():
        buffer.sounded(1.0)
        sounded += 1
    assert buffer.ran_dry(2)
    return sounded


def test_each_time_that_a_shorter_one_was_tried_too_soon_it_takes_twice_as_long():
    buffer = BufferLength(0.03, 0.12)
    assert buffer.ran_dry(2)
    assert [relapse(buffer) for _ in range(3)] == [CALM_S, 2 * CALM_S, 4 * CALM_S]


def test_who_is_told_the_same_again_does_nothing():
    buffer = BufferLength(0.03, 0.03)
    buffer.sounded(5)
    assert not buffer.ran_dry(2)
    assert not buffer.ran_dry(2)
    assert buffer.seconds == 0.03


def test_the_longest_one_becomes_shorter_too_when_all_is_calm():
    buffer = BufferLength(0.03, 0.06)
    assert buffer.ran_dry(2)
    assert not buffer.ran_dry(3)
    buffer.sounded(CALM_S - 1)
    assert not buffer.calm()
    buffer.sounded(1)
    assert buffer.calm()
    assert buffer.seconds == 0.03


@given(st.lists(st.one_of(st.integers(1, 5), st.floats(0, 100), st.none())))
def test_it_stays_within_its_bounds(happened: list[int | float | None]):
    buffer = BufferLength(0.03, 0.12)
    for one in happened:
        if isinstance(one, int):
            buffer.ran_dry(one)
        elif one is None:
            buffer.calm()
        else:
            buffer.sounded(one)
        assert 0.03 <= buffer.seconds <= 0.12
