"""Two streams that take turns: what is taken is one sound without a seam."""

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
    """A device's sound, and streams that each deliver it in blocks of their own, from where they were opened."""

    def __init__(self, sound: np.ndarray):
        self.sound = sound
        self.now = 0
        self._clock = SampleClock(lambda: self.now / RATE)
        self._streams: list[_Stream] = []

    def open(self, block: int, sound: np.ndarray | None = None) -> InputCallback:
        capture = InputCallback(self._clock, lambda: None, lambda _: None)
        capture.attach(OpenStream(DEVICE, Direction.INPUT, RATE, 1, 0.0, block, 0, None))
        self._streams.append(_Stream(capture, self.sound if sound is None else sound, block, self.now))
        return capture

    def advance(self, frames: int) -> None:
        end = self.now + frames
        while (stream := min(self._streams, key=lambda one: one.due)).due <= end:
            self.now = stream.due
            stream.deliver()
        self.now = end


@dataclass
class _Stream:
    capture: InputCallback
    sound: np.ndarray
    block: int
    came: int

    @property
    def due(self) -> int:
        return self.came + self.block

    def deliver(self) -> None:
        when = SimpleNamespace(currentTime=1.0, inputBufferAdcTime=1.0 - self.block / RATE)
        self.capture.callback(self.sound[self.came : self.due].tobytes(), self.block, when, None)
        self.came = self.due


def take(relay: StreamHandover, device: Device, frames: int, every: int = 1536) -> np.ndarray:
    """What comes while the device delivers so many frames, with somebody looking after so many each time."""
    pieces = [np.zeros(0, dtype=np.float32)]
    for _ in range(frames // every):
        device.advance(every)
        pcm, mark, lost = relay.read()
        assert not lost
        assert mark.frames == pytest.approx(mark.time * RATE, abs=1)
        pieces.append(pcm)
    return np.concatenate(pieces)


@pytest.mark.parametrize(("first", "second"), [(SHORT, LONG), (LONG, SHORT)])
@given(opened_at=st.integers(0, 2 * LONG), every=st.sampled_from([480, 1536, 3000, 9999]))
def test_the_second_stream_goes_on_at_the_very_sample(first: int, second: int, opened_at: int, every: int):
    async def main() -> None:
        device = Device(NOISE)
        relay = StreamHandover(device.open(first))
        before = take(relay, device, opened_at, max(1, min(every, opened_at)))
        successor = device.open(second)
        relay.offer(successor, required=False)
        sound = np.concatenate([before, take(relay, device, RATE, every)])
        assert relay.current is successor
        assert len(relay.retired) == 1
        assert len(sound) > device.now - LONG - every
        assert np.array_equal(sound, NOISE[: len(sound)])

    run_virtual(main())


def test_streams_may_take_turns_for_ever():
    async def main() -> None:
        device = Device(NOISE)
        relay = StreamHandover(device.open(SHORT))
        sound = take(relay, device, LONG)
        for block in (LONG, SHORT) * 5:
            relay.offer(device.open(block), required=False)
            sound = np.concatenate([sound, take(relay, device, RATE // 4)])
        assert len(relay.retired) == 10
        assert np.array_equal(sound, NOISE[: len(sound)])

    run_virtual(main())


def test_digital_silence_keeps_the_stream_that_is_there():
    async def main() -> None:
        device = Device(np.zeros_like(NOISE))
        first = device.open(SHORT)
        relay = StreamHandover(first)
        take(relay, device, LONG)
        second = device.open(LONG)
        relay.offer(second, required=False)
        sound = take(relay, device, round((MATCH_TIMEOUT_S + 0.5) * RATE))
        assert relay.current is first
        assert relay.retired == [second]
        assert not relay.pending
        assert len(sound) > (MATCH_TIMEOUT_S + 0.4) * RATE

    run_virtual(main())


@pytest.mark.parametrize("other", [np.zeros_like(NOISE), NOISE[::-1].copy()], ids=["silence", "another device"])
def test_one_that_must_take_over_goes_on_at_the_moment_when_nothing_is_alike(other: np.ndarray):
    async def main() -> None:
        device = Device(NOISE)
        relay = StreamHandover(device.open(LONG))
        before = len(take(relay, device, 2 * LONG))
        second = device.open(SHORT, other)
        relay.offer(second, required=True)
        sound = take(relay, device, 2 * RATE)
        assert relay.current is second
        assert before + len(sound) == pytest.approx(device.now, abs=2 * SHORT)

    run_virtual(main())


def test_one_that_is_withdrawn_never_takes_over():
    async def main() -> None:
        device = Device(NOISE)
        first, second = device.open(SHORT), device.open(LONG)
        relay = StreamHandover(first)
        relay.offer(second, required=True)
        take(relay, device, SHORT)
        relay.withdraw(second)
        take(relay, device, 2 * RATE)
        assert relay.current is first
        assert relay.retired == [second]

    run_virtual(main())


def test_a_hum_does_not_hide_the_place():
    hum = 0.3 * np.sin(2 * np.pi * 50 * np.arange(RATE) / RATE)
    sound = (hum + NOISE[:RATE]).astype(np.float32)
    assert find_offset(sound[31_234:32_194], sound) == 31_234


def test_the_place_is_found_where_each_stream_was_resampled_by_itself():
    between = soxr.resample(NOISE[:RATE], RATE, 2 * RATE)[1::2]  # half a sample later
    assert find_offset(between[10_000:10_960], NOISE[:RATE]) in (10_000, 10_001)


def test_another_rooms_noise_is_nowhere():
    assert find_offset(NOISE[:960], NOISE[RATE : 2 * RATE]) is None


def test_silence_is_nowhere():
    assert find_offset(np.zeros(960, dtype=np.float32), np.zeros(RATE, dtype=np.float32)) is None
    assert find_offset(NOISE[:960], np.zeros(RATE, dtype=np.float32)) is None
