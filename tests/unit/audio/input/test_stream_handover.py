"""Two streams that take turns: what is read is one signal without a seam."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import soxr
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_portaudio import DEVICE
from voicemate.audio.devices.device import Direction
from voicemate.audio.devices.portaudio import OpenStream
from voicemate.audio.input.input_callback import InputCallback
from voicemate.audio.input.stream_handover import MATCH_TIMEOUT_S, StreamHandover, find_offset
from voicemate.core.clock import SampleClock
from voicemate.testing.virtual_time import run_virtual

RATE = 48_000
SHORT, LONG = 1536, 6144
NOISE = np.random.default_rng(3).standard_normal(4 * RATE).astype(np.float32) * np.float32(1e-3)


class Device:
    """A device's audio, and streams that each deliver it in buffers of their own, from where they were opened."""

    def __init__(self, sound: np.ndarray):
        self.sound = sound
        self.now = 0
        self._clock = SampleClock(lambda: self.now / RATE)
        self._streams: list[_Stream] = []

    def open(self, block: int, sound: np.ndarray | None = None) -> InputCallback:
        callback = InputCallback(self._clock, lambda: None, lambda _: None)
        callback.attach(OpenStream(DEVICE, Direction.INPUT, RATE, 1, 0.0, block, 0, None))
        self._streams.append(_Stream(callback, self.sound if sound is None else sound, block, self.now))
        return callback

    def advance(self, frames: int) -> None:
        end = self.now + frames
        while (stream := min(self._streams, key=lambda one: one.due)).due <= end:
            self.now = stream.due
            stream.deliver()
        self.now = end


@dataclass
class _Stream:
    callback: InputCallback
    sound: np.ndarray
    block: int
    came: int

    @property
    def due(self) -> int:
        return self.came + self.block

    def deliver(self) -> None:
        when = SimpleNamespace(currentTime=1.0, inputBufferAdcTime=1.0 - self.block / RATE)
        self.callback.callback(self.sound[self.came : self.due].tobytes(), self.block, when, None)
        self.came = self.due


def read(handover: StreamHandover, device: Device, frames: int, every: int = 1536) -> np.ndarray:
    """What is read while the device delivers ``frames``, reading after ``every`` of them."""
    pieces = [np.zeros(0, dtype=np.float32)]
    for _ in range(frames // every):
        device.advance(every)
        pcm, position, lost = handover.read()
        assert not lost
        assert position.frames == pytest.approx(position.time * RATE, abs=1)
        pieces.append(pcm)
    return np.concatenate(pieces)


@pytest.mark.parametrize(("first", "second"), [(SHORT, LONG), (LONG, SHORT)])
@given(opened_at=st.integers(0, 2 * LONG), every=st.sampled_from([480, 1536, 3000, 9999]))
def test_the_second_stream_continues_at_the_very_sample(first: int, second: int, opened_at: int, every: int):
    async def main() -> None:
        device = Device(NOISE)
        handover = StreamHandover(device.open(first))
        before = read(handover, device, opened_at, max(1, min(every, opened_at)))
        successor = device.open(second)
        handover.offer(successor, required=False)
        sound = np.concatenate([before, read(handover, device, RATE, every)])
        assert handover.current is successor
        assert len(handover.retired) == 1
        assert len(sound) > device.now - LONG - every
        assert np.array_equal(sound, NOISE[: len(sound)])

    run_virtual(main())


def test_streams_can_take_turns_any_number_of_times():
    async def main() -> None:
        device = Device(NOISE)
        handover = StreamHandover(device.open(SHORT))
        sound = read(handover, device, LONG)
        for block in (LONG, SHORT) * 5:
            handover.offer(device.open(block), required=False)
            sound = np.concatenate([sound, read(handover, device, RATE // 4)])
        assert len(handover.retired) == 10
        assert np.array_equal(sound, NOISE[: len(sound)])

    run_virtual(main())


def test_digital_silence_keeps_the_current_stream():
    async def main() -> None:
        device = Device(np.zeros_like(NOISE))
        first = device.open(SHORT)
        handover = StreamHandover(first)
        read(handover, device, LONG)
        second = device.open(LONG)
        handover.offer(second, required=False)
        sound = read(handover, device, round((MATCH_TIMEOUT_S + 0.5) * RATE))
        assert handover.current is first
        assert handover.retired == [second]
        assert not handover.pending
        assert len(sound) > (MATCH_TIMEOUT_S + 0.4) * RATE

    run_virtual(main())


@pytest.mark.parametrize("other", [np.zeros_like(NOISE), NOISE[::-1].copy()], ids=["silence", "another device"])
def test_a_required_successor_without_a_match_takes_over_by_time(other: np.ndarray):
    async def main() -> None:
        device = Device(NOISE)
        handover = StreamHandover(device.open(LONG))
        before = len(read(handover, device, 2 * LONG))
        second = device.open(SHORT, other)
        handover.offer(second, required=True)
        sound = read(handover, device, 2 * RATE)
        assert handover.current is second
        assert before + len(sound) == pytest.approx(device.now, abs=2 * SHORT)

    run_virtual(main())


def test_a_withdrawn_successor_never_takes_over():
    async def main() -> None:
        device = Device(NOISE)
        first, second = device.open(SHORT), device.open(LONG)
        handover = StreamHandover(first)
        handover.offer(second, required=True)
        read(handover, device, SHORT)
        handover.withdraw(second)
        read(handover, device, 2 * RATE)
        assert handover.current is first
        assert handover.retired == [second]

    run_virtual(main())


def test_a_hum_does_not_hide_the_match():
    hum = 0.3 * np.sin(2 * np.pi * 50 * np.arange(RATE) / RATE)
    sound = (hum + NOISE[:RATE]).astype(np.float32)
    assert find_offset(sound[31_234:32_194], sound) == 31_234


def test_the_match_is_found_where_each_stream_was_resampled_by_itself():
    between = soxr.resample(NOISE[:RATE], RATE, 2 * RATE)[1::2]  # half a sample later
    assert find_offset(between[10_000:10_960], NOISE[:RATE]) in (10_000, 10_001)


def test_another_rooms_noise_does_not_match():
    assert find_offset(NOISE[:960], NOISE[RATE : 2 * RATE]) is None


def test_silence_does_not_match():
    assert find_offset(np.zeros(960, dtype=np.float32), np.zeros(RATE, dtype=np.float32)) is None
    assert find_offset(NOISE[:960], np.zeros(RATE, dtype=np.float32)) is None
