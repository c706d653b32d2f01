import itertools

import numpy as np
import pytest

from voicemate.audio.input.framer import ArrivalTimeFilter, Framer, StreamPosition
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.core.clock import SampleClock
from voicemate.core.pcm import CLOCK_HZ


class Device:
    """A device that delivers frames to a framer at its own speed."""

    def __init__(self, rate: int):
        self.rate = rate
        self.seconds = 0.0
        self.clock = SampleClock(lambda: self.seconds)
        self.framer = Framer(self.clock, 0)
        self.open()

    def open(self) -> None:
        self.frames = 0
        self.framer.new_stream(self.rate)

    def deliver(self, frames: int, value: float = 0.5, late_s: float = 0.0, lost: bool = False) -> list[Block]:
        self.seconds += frames / self.rate
        self.frames += frames
        pcm = np.full(frames, value, dtype=np.float32)
        self.framer.push(pcm, StreamPosition(self.frames, self.seconds + late_s), lost)
        return self.blocks()

    def blocks(self) -> list[Block]:
        return list(iter(self.framer.pop, None))


def gap_free(blocks: list[Block]) -> bool:
    return all(a.end == b.at for a, b in itertools.pairwise(blocks))


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_blocks_follow_each_other_and_the_clock_follows_them(rate):
    device = Device(rate)
    blocks = [block for _ in range(500) for block in device.deliver(706)]
    assert gap_free(blocks)
    assert all(len(block.pcm) == BLOCK_SAMPLES for block in blocks)
    assert device.clock.now() - blocks[-1].end in range(BLOCK_SAMPLES + 20)


def test_a_block_is_complete_with_the_callback_that_brings_its_last_frame():
    device = Device(48_000)
    assert [len(device.deliver(1536)) for _ in range(100)] == [1] * 100


def test_it_knows_how_many_frames_the_next_block_still_needs():
    device = Device(44_100)
    for _ in range(200):
        assert device.deliver(device.framer.missing_frames())


def test_audio_lies_at_the_time_at_which_it_was_in_the_air():
    device = Device(48_000)
    device.seconds = 3.0  # the microphone is opened in the middle of the conversation
    for _ in range(30):
        device.deliver(480, value=0.0)
    loud_at = device.clock.now()
    blocks = device.deliver(4800, value=0.5)
    sound = np.concatenate([block.pcm for block in blocks])
    assert blocks[0].at + int(np.argmax(sound > 0.25)) == pytest.approx(loud_at, abs=2)


def test_without_a_stream_blocks_are_silent():
    device = Device(16_000)
    first = device.deliver(1600)
    device.seconds += 2
    device.framer.fill_to(device.clock.now())
    silence = device.blocks()
    assert gap_free(first + silence)
    assert device.clock.now() - silence[-1].end in range(BLOCK_SAMPLES)
    assert not np.concatenate([block.pcm for block in silence])[BLOCK_SAMPLES:].any()


def test_a_new_stream_continues_at_the_present():
    device = Device(16_000)
    before = device.deliver(16_000)
    device.seconds += 0.5
    device.open()
    after = device.deliver(16_000)
    assert gap_free(before + after)
    assert after[-1].end == pytest.approx(2.5 * CLOCK_HZ, abs=2 * BLOCK_SAMPLES)
    assert device.clock.now() == pytest.approx(2.5 * CLOCK_HZ, abs=BLOCK_SAMPLES)


def test_a_new_stream_after_filled_silence_doubles_nothing():
    device = Device(16_000)
    before = device.deliver(16_000)
    device.seconds += 3
    device.framer.fill_to(device.clock.now())
    before += device.blocks()
    device.open()
    after = device.deliver(1600)
    assert gap_free(before + after)
    assert device.clock.now() == pytest.approx(4.1 * CLOCK_HZ, abs=BLOCK_SAMPLES)


def test_lost_frames_leave_a_gap_of_their_length():
    device = Device(16_000)
    before = device.deliver(16_000)
    device.seconds += 0.4
    after = device.deliver(1600, lost=True)
    assert gap_free(before + after)
    assert device.clock.now() == pytest.approx(1.5 * CLOCK_HZ, abs=BLOCK_SAMPLES)


def test_a_late_callback_does_not_move_the_clock():
    device = Device(16_000)
    for _ in range(10):
        device.deliver(512)
    device.deliver(512, late_s=0.03)
    assert device.clock.sample_at(device.seconds) == pytest.approx(11 * 512, abs=1)


def test_the_clock_follows_a_device_that_is_a_little_slow():
    steady = ArrivalTimeFilter(rate=16_000)
    moment = 0.0
    for n in range(1, 4000):
        moment = n * 0.032 * 1.001
        told = steady.punctual_time(StreamPosition(n * 512, moment))
        assert moment - 0.01 < told <= moment
