import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicemate.core.pcm import Pcm
from voicemate.core.ring_buffer import RingBuffer


def count(first: int, n: int) -> Pcm:
    return np.arange(first, first + n, dtype=np.float32)


@given(st.integers(1, 30), st.integers(0, 20_000), st.integers(0, 20_000))
def test_samples_are_read_by_position_as_far_as_they_are_kept(written: int, begin: int, end: int):
    ring = RingBuffer(capacity=4000)
    for number in range(written):
        ring.write(count(512 * number, 512))
    known = np.arange(max(begin, written * 512 - 4000, 0), min(end, written * 512))
    assert ring.read(begin, end).tolist() == known.tolist()


def test_after_a_restart_nothing_from_before_is_left():
    ring = RingBuffer(capacity=4000)
    ring.write(count(0, 512))
    ring.restart(2560)
    ring.write(count(2560, 512))
    assert ring.begin == 2560
    assert ring.read(0, 3072).tolist() == count(2560, 512).tolist()


def test_what_was_read_does_not_change_later():
    ring = RingBuffer(capacity=512)
    ring.write(count(0, 512))
    samples = ring.read(0, 512)
    ring.write(np.zeros(512, dtype=np.float32))
    assert samples[-1] == 511


def test_silence_keeps_the_positions():
    ring = RingBuffer(capacity=512)
    ring.write(count(1, 700 - 512))
    ring.silence()
    ring.write(count(5, 2))
    assert (ring.begin, ring.end) == (0, 190)
    assert ring.read(186, 190).tolist() == [0, 0, 5, 6]


def test_a_reader_in_another_thread_gets_each_sample_once_and_in_order():
    ring = RingBuffer(capacity=1_000_000)

    def write() -> None:
        for first in range(0, 70_600, 706):
            ring.write(count(first, 706))

    writer = threading.Thread(target=write)
    pieces: list[Pcm] = []
    at = 0
    writer.start()
    while at < 70_600:
        end = ring.end
        pieces.append(ring.read(at, end))
        at = end
    writer.join()
    assert np.array_equal(np.concatenate(pieces), count(0, 70_600))
