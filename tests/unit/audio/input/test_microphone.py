import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.fake_portaudio import DEVICE, LATENCY_S, FakePortAudio
from voicemate.audio.devices.watchdog import WatchdogLimits
from voicemate.audio.input.microphone import DeviceMicrophone
from voicemate.audio.interfaces import BLOCK_MS, BLOCK_SAMPLES, BLOCKS_PER_GROUP, Block
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.testing.virtual_time import run_virtual


class Listening:
    """An open microphone, what it delivered, and the health that it reported."""

    def __init__(self, limits: WatchdogLimits) -> None:
        self.host = FakePortAudio()
        self.clock = SampleClock()
        self.microphone = DeviceMicrophone(self.host, self.clock, limits=limits)  # type: ignore[arg-type]
        self.health: list[AudioError | None] = []
        self.microphone.add_health_listener(self.health.append)
        self.blocks: list[Block] = []
        self.task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        async for block in self.microphone.blocks():
            self.blocks.append(block)

    @property
    def stream(self):
        return self.host.streams[-1]

    @property
    def fault(self) -> AudioError:
        """The latest report, which must be a fault."""
        fault = self.health[-1]
        assert fault
        return fault


@contextlib.asynccontextmanager
async def listening(limits: WatchdogLimits | None = None) -> AsyncIterator[Listening]:
    test = Listening(limits or WatchdogLimits())
    await test.microphone.open()
    test.task = asyncio.create_task(test.listen())
    yield test
    await test.microphone.close()
    assert test.task
    await test.task
    blocks = test.blocks
    assert all(a.end == b.at for a, b in itertools.pairwise(blocks)), "a gap between blocks"


def test_it_delivers_a_block_every_32_ms_as_soon_as_it_is_complete():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(3.2)
            assert len(test.blocks) in (99, 100)
            assert np.allclose(test.blocks[50].pcm, 0.1, atol=1e-4)
            assert test.clock.now() - test.blocks[-1].end < LATENCY_S * 16_000 + 2 * BLOCK_SAMPLES
        assert test.health == []

    run_virtual(main())


def test_grouped_it_delivers_the_same_blocks():
    async def main() -> None:
        async with listening() as test:
            arrivals: dict[float, int] = {}
            test.microphone.set_grouping(True)
            for _ in range(1000):
                before = len(test.blocks)
                await asyncio.sleep(0.002)
                if len(test.blocks) > before:
                    arrivals[test.clock.time()] = len(test.blocks) - before
            assert 61 - BLOCKS_PER_GROUP < len(test.blocks) <= 62
            assert len(arrivals) <= 12
            assert max(arrivals.values()) <= BLOCKS_PER_GROUP

    run_virtual(main())


def test_no_longer_grouped_it_delivers_at_once_what_has_come_meanwhile():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
            test.microphone.set_grouping(True)
            await asyncio.sleep(0.04)  # now it waits for the group to be complete
            had = len(test.blocks)
            await asyncio.sleep(0.04)
            test.microphone.set_grouping(False)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(test.blocks) > had
            await asyncio.sleep(0.96)
            assert len(test.blocks) >= had + 30

    run_virtual(main())


def test_a_stream_that_ends_is_reported_reopened_and_reported_again():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
            test.stream.end()
            await asyncio.sleep(1)
            assert test.host.rescans == 1
            fault, recovered = test.health
            assert fault
            assert "stopped delivering" in fault.message
            assert recovered is None
            assert np.allclose(test.blocks[-1].pcm, 0.1, atol=1e-4)

    run_virtual(main())


def test_time_goes_on_in_silence_while_the_device_is_away():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
            test.host.error = AudioError("There is no microphone", "Connect one")
            test.stream.end()
            await asyncio.sleep(5)
            assert test.health[-1] is test.host.error
            assert test.clock.now() - test.blocks[-1].end < 5 * BLOCK_SAMPLES
            assert not test.blocks[-1].pcm.any()
            test.host.error = None
            await asyncio.sleep(6)
            assert test.health[-1] is None
            assert test.blocks[-1].pcm.any()
            assert test.clock.now() == pytest.approx(12 * 16_000, abs=1600)

    run_virtual(main())


def test_a_device_that_stays_away_ends_the_blocks_with_an_error():
    async def main() -> None:
        test = Listening(WatchdogLimits(max_attempts=3))
        await test.microphone.open()
        task = asyncio.create_task(test.listen())
        await asyncio.sleep(1)
        test.host.error = AudioError("There is no microphone", "Connect one")
        test.stream.end()
        with pytest.raises(AudioError, match="There is no microphone"):
            await task
        await test.microphone.close()

    run_virtual(main())


def test_callbacks_that_stop_are_noticed():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
            test.stream.frozen = True
            await asyncio.sleep(3)
            assert [bool(fault) for fault in test.health] == [True, False]
            assert len(test.host.streams) == 2

    run_virtual(main())


def test_zeros_are_reported_with_a_hint_and_the_stream_goes_on():
    async def main() -> None:
        async with listening() as test:
            test.stream.value = 0.0
            await asyncio.sleep(60)
            assert "digital silence" in test.fault.message
            assert "muted" in test.fault.hint
            assert len(test.host.streams) == 1
            test.stream.value = 0.1
            await asyncio.sleep(0.1)
            assert test.health[-1] is None

    run_virtual(main())


def test_where_zeros_mean_a_dead_stream_only_that_one_is_reopened():
    async def main() -> None:
        async with listening(WatchdogLimits(reopen_on_silence=True)) as test:
            await asyncio.sleep(1)
            test.stream.value = 0.0
            await asyncio.sleep(3)
            assert len(test.host.streams) == 2
            assert test.host.rescans == 0
            assert [bool(fault) for fault in test.health] == [True, False]

    run_virtual(main())


def test_a_busy_conversation_loses_no_audio():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
            delivered = len(test.blocks)
            opened = test.stream.opened
            assert opened
            for _ in range(
                100 * opened.rate * BLOCK_MS // 1000 // opened.callback_frames
            ):  # they come while nothing reads
                test.stream._call()
            await asyncio.sleep(0.05)
            assert len(test.blocks) - delivered >= 100

    run_virtual(main())


def test_a_refused_microphone_is_an_error_at_once():
    async def main() -> None:
        test = Listening(WatchdogLimits())
        test.host.error = AudioError("The microphone “fake” cannot be used", "Check it")
        with pytest.raises(AudioError, match="cannot be used"):
            await test.microphone.open()
        await test.microphone.close()

    run_virtual(main())


def test_opened_again_it_continues_at_the_present():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
        first = test.blocks
        await asyncio.sleep(10)
        test.blocks = []
        await test.microphone.open()
        task = asyncio.create_task(test.listen())
        await asyncio.sleep(1)
        await test.microphone.close()
        await task
        assert test.blocks[0].at - first[-1].end == pytest.approx(10 * 16_000, abs=1600)

    run_virtual(main())


def test_closed_by_a_rescan_it_comes_back_without_a_report():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
            await test.host.rescan(0)
            await asyncio.sleep(1)
            assert test.stream.running
            assert (len(test.host.streams), test.host.rescans) == (2, 1)
            assert test.health == []

    run_virtual(main())


def test_a_microphone_that_is_back_is_used_as_soon_as_the_system_reports_it():
    async def main() -> None:
        async with listening(WatchdogLimits(max_attempts=None, max_backoff_s=60)) as test:
            await asyncio.sleep(1)
            test.host.error = AudioError("There is no microphone", "Connect one")
            test.stream.end()
            await asyncio.sleep(130)  # the next attempt is this far away
            test.host.error = None
            test.microphone.retry()
            await asyncio.sleep(0.5)
            assert test.health[-1] is None

    run_virtual(main())


def test_device_notifications_do_not_disturb_a_working_microphone():
    async def main() -> None:
        async with listening() as test:
            for _ in range(20):
                test.microphone.retry()
                await asyncio.sleep(0.1)
            assert (len(test.host.streams), test.health) == (1, [])

    run_virtual(main())


def test_a_headset_that_comes_back_with_another_rate_stays_on_the_same_clock():
    async def main() -> None:
        async with listening() as test:
            await asyncio.sleep(1)
            test.host.device = replace(DEVICE, rate=16_000, name="headset")
            test.stream.end()
            await asyncio.sleep(2)
            assert test.microphone.name == "headset"
            assert np.allclose(test.blocks[-1].pcm, 0.1, atol=1e-3)
            assert test.clock.now() == pytest.approx(3 * 16_000, abs=1600)

    run_virtual(main())
