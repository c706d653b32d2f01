from hypothesis import given
from hypothesis import strategies as st

from voicemate.audio.output.buffer_length import CALM_S, BufferLength


def relapse(buffer: BufferLength) -> float:
    """It is long; returns how many seconds of sound it takes until a shorter one is tried, which then runs dry."""
    sounded = 0.0
    while not buffer.shrink_if_calm():
        buffer.add_playback(1.0)
        sounded += 1
    assert buffer.grow_after_underflow(2)
    return sounded


def test_after_each_shorter_buffer_that_underflows_the_next_attempt_takes_twice_as_long():
    buffer = BufferLength(0.03, 0.12)
    assert buffer.grow_after_underflow(2)
    assert [relapse(buffer) for _ in range(3)] == [CALM_S, 2 * CALM_S, 4 * CALM_S]


def test_the_same_count_of_underflows_changes_nothing():
    buffer = BufferLength(0.03, 0.03)
    buffer.add_playback(5)
    assert not buffer.grow_after_underflow(2)
    assert not buffer.grow_after_underflow(2)
    assert buffer.seconds == 0.03


def test_the_longest_buffer_shrinks_too_when_all_is_calm():
    buffer = BufferLength(0.03, 0.06)
    assert buffer.grow_after_underflow(2)
    assert not buffer.grow_after_underflow(3)
    buffer.add_playback(CALM_S - 1)
    assert not buffer.shrink_if_calm()
    buffer.add_playback(1)
    assert buffer.shrink_if_calm()
    assert buffer.seconds == 0.03


@given(st.lists(st.one_of(st.integers(1, 5), st.floats(0, 100), st.none())))
def test_it_stays_within_its_bounds(happened: list[int | float | None]):
    buffer = BufferLength(0.03, 0.12)
    for one in happened:
        if isinstance(one, int):
            buffer.grow_after_underflow(one)
        elif one is None:
            buffer.shrink_if_calm()
        else:
            buffer.add_playback(one)
        assert 0.03 <= buffer.seconds <= 0.12
