import threading

import numpy as np

from voicemate.audio.input.input_callback import CaptureBuffer


def count(first: int, n: int) -> np.ndarray:
    return np.arange(first, first + n, dtype=np.float32)


def test_frames_are_read_once_and_in_order():
    buffer = CaptureBuffer(1000)
    written = read = 0
    for n in [10, 300, 1, 250, 400, 99, 0, 380]:
        buffer.write(count(written, n), time=float(written + n))
        written += n
        pcm, moment, lost = buffer.read()
        assert np.array_equal(pcm, count(read, n))
        assert (moment, lost) == (written, False)
        read += n
    assert len(buffer.read()[0]) == 0


def test_a_reader_that_falls_behind_loses_the_oldest_frames_and_learns_of_it():
    buffer = CaptureBuffer(1000)
    for first in range(0, 2000, 100):
        buffer.write(count(first, 100), time=0.0)
    pcm, _, lost = buffer.read()
    assert lost
    assert np.array_equal(pcm, count(1500, 500))
    assert not buffer.read()[2]


def test_two_threads_lose_and_double_nothing():
    buffer = CaptureBuffer(1_000_000)

    def callback() -> None:
        for first in range(0, 70_600, 706):
            buffer.write(count(first, 706), time=0.0)

    writer = threading.Thread(target=callback)
    pieces = []
    writer.start()
    while writer.is_alive():
        pieces.append(buffer.read()[0])
    pieces.append(buffer.read()[0])
    assert np.array_equal(np.concatenate(pieces), count(0, 70_600))
