"""The microphone while nobody speaks for long: long buffers, and nothing lost in changing to them and back."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.fake_portaudio import DEVICE, FakePortAudio, FakeStream
from voicemate.audio.devices.watchdog import WatchdogLimits
from voicemate.audio.input.microphone import LONG_BUFFERS_AFTER_S, DeviceMicrophone
from voicemate.audio.interfaces import Block
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.testing.virtual_time import run_virtual

RATE = 48_000
SHORT, LONG = (1536, 384), 6144
NOISE = np.random.default_rng(5).standard_normal(60 * RATE).astype(np.float32) * np.float32(1e-3)


class Listening:
    """An open microphone with grouped blocks, and what it delivered when."""

    def __init__(self, quiet_s: float | None, host_api: str, sound: np.ndarray) -> None:
        self.host = FakePortAudio()
        self.host.device = replace(DEVICE, host_api=host_api)
        self.host.sound = sound
        self.clock = SampleClock()
        limits = WatchdogLimits() if sound.any() else WatchdogLimits(silence_s=None)
        self.microphone = DeviceMicrophone(self.host, self.clock, limits=limits, long_buffers_after_s=quiet_s)  # type: ignore[arg-type]
        self.health: list[AudioError | None] = []
        self.microphone.add_health_listener(self.health.append)
        self.blocks: list[Block] = []
        self.latest = 0.0

    async def listen(self) -> None:
        async for block in self.microphone.blocks():
            self.blocks.append(block)
            self.latest = self.clock.time()

    @property
    def running(self) -> list[FakeStream]:
        return [stream for stream in self.host.streams if stream.running]

    @property
    def callback_frames(self) -> int:
        """Frames in a buffer of the only running stream."""
        (stream,) = self.running
        assert stream.opened
        return stream.opened.callback_frames


@contextlib.asynccontextmanager
async def listening(
    quiet_s: float | None = LONG_BUFFERS_AFTER_S, host_api: str = "ALSA", sound: np.ndarray = NOISE
) -> AsyncIterator[Listening]:
    test = Listening(quiet_s, host_api, sound)
    await test.microphone.open()
    task = asyncio.create_task(test.listen())
    test.microphone.set_grouping(True)
    yield test
    await test.microphone.close()
    await task
    assert test.running == []
    assert all(a.end == b.at for a, b in itertools.pairwise(test.blocks)), "a gap between blocks"


def test_after_long_silence_buffers_are_long_and_with_a_voice_short_again():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S - 1)
            assert test.callback_frames in SHORT
            await asyncio.sleep(3)
            assert test.callback_frames == LONG
            test.microphone.set_grouping(False)
            await asyncio.sleep(0.5)
            assert test.callback_frames in SHORT
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 5)
            assert test.callback_frames in SHORT
        assert test.health == []

    run_virtual(main())


def sound_with(quiet_s: float | None) -> np.ndarray:
    """The audio of 40 s with short words in between."""

    async def main() -> np.ndarray:
        async with listening(quiet_s) as test:
            for seconds in (11.03, 0.01, 10.2, 0.5, 12.5):
                await asyncio.sleep(seconds)
                test.microphone.set_grouping(False)
                await asyncio.sleep(0.25)
                test.microphone.set_grouping(True)
            assert len(test.host.streams) >= 5 if quiet_s else len(test.host.streams) == 1
        return np.concatenate([block.pcm for block in test.blocks])

    return run_virtual(main())


def test_the_audio_is_the_same_sample_by_sample():
    plain, switched = sound_with(None), sound_with(LONG_BUFFERS_AFTER_S)
    n = min(len(plain), len(switched))
    assert n > 34 * 16_000
    assert np.array_equal(plain[:n], switched[:n])


def test_a_voice_comes_within_half_a_second_and_is_never_far_behind():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 3)
            for _ in range(100):
                await asyncio.sleep(0.013)
                assert test.clock.time() - test.latest < 0.3
            test.microphone.set_grouping(False)
            for _ in range(20):
                await asyncio.sleep(0.01)
                assert test.clock.time() - test.latest < 0.15

    run_virtual(main())


def test_a_voice_during_the_change_to_long_buffers_keeps_the_short_ones():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 0.05)
            for _ in range(100):
                await asyncio.sleep(0.01)
                if test.host.opening:
                    break
            test.microphone.set_grouping(False)
            await asyncio.sleep(1)
            assert test.callback_frames in SHORT

    run_virtual(main())


def test_lost_audio_only_delays_the_long_buffers():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S)
            while len(test.host.streams) < 2:
                await asyncio.sleep(0.001)
            test.running[0].overflowed = True
            await asyncio.sleep(2)
            assert test.callback_frames == LONG
            assert len(test.host.streams) == 3

    run_virtual(main())


def test_a_device_that_allows_one_stream_only_is_not_asked_again():
    async def main() -> None:
        async with listening() as test:
            test.host.error = AudioError("The microphone “fake” cannot be used: Device unavailable")
            await asyncio.sleep(3 * LONG_BUFFERS_AFTER_S)
            assert test.callback_frames in SHORT
            assert test.health == []

    run_virtual(main())


def test_digital_silence_keeps_short_buffers():
    async def main() -> None:
        async with listening(sound=np.zeros_like(NOISE)) as test:
            await asyncio.sleep(3 * LONG_BUFFERS_AFTER_S)
            assert test.callback_frames in SHORT
            assert len(test.host.streams) == 2

    run_virtual(main())


def test_core_audio_keeps_its_one_stream():
    async def main() -> None:
        async with listening(host_api="Core Audio") as test:
            await asyncio.sleep(3 * LONG_BUFFERS_AFTER_S)
            assert len(test.host.streams) == 1

    run_virtual(main())


def test_a_microphone_that_is_lost_with_long_buffers_comes_back():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 3)
            test.running[0].end()
            await asyncio.sleep(1)
            assert test.callback_frames in SHORT
            assert [bool(fault) for fault in test.health] == [True, False]
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 2)
            assert test.callback_frames == LONG

    run_virtual(main())


def test_a_microphone_that_hangs_with_long_buffers_is_noticed():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 3)
            test.running[0].frozen = True
            await asyncio.sleep(3)
            assert test.callback_frames in SHORT
            assert [bool(fault) for fault in test.health] == [True, False]

    run_virtual(main())


def test_closed_by_a_rescan_it_comes_back_without_a_report():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 3)
            await test.host.rescan(0)
            await asyncio.sleep(1)
            assert test.callback_frames in SHORT
            assert test.health == []

    run_virtual(main())


@pytest.mark.parametrize("after", [0.0, 0.005, 0.01, 0.015, 0.03, 0.1])
def test_a_rescan_during_the_change_leaves_one_stream(after: float):
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 0.1)
            while test.host.opening == 0:
                await asyncio.sleep(0.001)
            await asyncio.sleep(after)
            await test.host.rescan(0)
            await asyncio.sleep(1)
            assert test.callback_frames in SHORT
            assert test.health == []

    run_virtual(main())


def test_refused_short_buffers_reopen_the_device():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 3)
            test.host.error = AudioError("The microphone “fake” cannot be used: busy")
            test.microphone.set_grouping(False)
            await asyncio.sleep(0.2)
            test.host.error = None
            await asyncio.sleep(2)
            assert test.callback_frames in SHORT
            assert test.host.rescans >= 1

    run_virtual(main())


@pytest.mark.parametrize("after", [0.0, 0.005, 0.01, 0.015, 0.03, 0.1, 0.2, 0.4])
def test_closed_during_the_change_it_leaves_no_stream_open(after: float):
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(LONG_BUFFERS_AFTER_S + 0.1)
            while test.host.opening == 0:
                await asyncio.sleep(0.001)
            await asyncio.sleep(after)

    run_virtual(main())
