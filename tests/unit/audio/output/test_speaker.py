import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np
import pytest

from tests.support.fake_portaudio import LATENCY_S, FakePortAudio
from voicemate.audio.devices.watchdog import WatchdogLimits
from voicemate.audio.output.speaker import CALLBACK_S, LEADING_SILENT_CALLBACKS, DeviceSpeaker
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.pcm import AudioClip
from voicemate.testing.virtual_time import run_virtual

RATE = 48_000
TRIES = WatchdogLimits(silence_s=None, max_attempts=3)


class Playing:
    """An open speaker, and the health that it reported."""

    def __init__(self) -> None:
        self.host = FakePortAudio()
        self.speaker = DeviceSpeaker(self.host, SampleClock(), limits=TRIES, suspend_after_s=2.0)  # type: ignore[arg-type]
        self.health: list[AudioError | None] = []
        self.speaker.add_health_listener(self.health.append)

    @property
    def stream(self):
        return self.host.streams[-1]

    def played(self) -> np.ndarray:
        """All that any stream was given."""
        return np.concatenate([piece for stream in self.host.streams for piece in stream.out])


@contextlib.asynccontextmanager
async def playing() -> AsyncIterator[Playing]:
    test = Playing()
    await test.speaker.open()
    await asyncio.sleep(2 * LEADING_SILENT_CALLBACKS * CALLBACK_S)  # past the silence that a stream begins with
    yield test
    await test.speaker.close()
    assert not test.stream.running


def counted(seconds: float) -> AudioClip:
    """Samples whose values count up from 1."""
    return AudioClip(np.arange(1, round(seconds * RATE) + 1, dtype=np.float32), RATE)


def test_a_queued_clip_is_played_whole_and_then_the_speaker_is_idle():
    async def main() -> None:
        async with playing() as test:
            assert test.speaker.idle()
            sound = counted(1)
            test.speaker.play(sound)
            assert not test.speaker.idle()
            await asyncio.sleep(1 + LATENCY_S + 2 * CALLBACK_S)
            assert test.speaker.idle()
            heard = test.played()
            assert np.array_equal(heard[heard > 0], sound.pcm)

    run_virtual(main())


def test_position_is_what_is_in_the_air_and_not_what_was_handed_over():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(2))
            began = asyncio.get_running_loop().time()
            while test.speaker.position() == 0:
                await asyncio.sleep(0.001)
            waited = asyncio.get_running_loop().time() - began
            assert LATENCY_S <= waited <= LATENCY_S + 2 * CALLBACK_S
            await asyncio.sleep(0.5)
            assert test.speaker.position() == pytest.approx(0.5 * RATE, abs=0.002 * RATE)

    run_virtual(main())


def test_a_clip_at_another_rate_is_resampled():
    async def main() -> None:
        async with playing() as test:
            span = test.speaker.play(AudioClip(np.zeros(22_050, dtype=np.float32), 22_050))
            assert span.end - span.start == RATE

    run_virtual(main())


def test_after_stop_it_is_idle_and_position_is_what_was_heard():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(3))
            await asyncio.sleep(1)
            test.speaker.stop()
            asked = test.speaker.position()
            await asyncio.sleep(0.2)
            assert test.speaker.idle()
            heard = test.played()
            assert test.speaker.position() == np.count_nonzero(heard) + 1  # the fade's last sample is zero
            assert test.speaker.position() - asked <= (LATENCY_S + 2 * CALLBACK_S + 0.02) * RATE

    run_virtual(main())


def test_a_device_that_vanishes_loses_nothing_that_was_not_heard():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(2))
            await asyncio.sleep(1)
            test.stream.end()
            in_the_air = test.speaker.position()
            await asyncio.sleep(3)
            assert test.speaker.idle()
            assert test.speaker.position() == 2 * RATE
            assert [bool(fault) for fault in test.health] == [True, False]
            again = test.host.streams[1].out
            first = np.concatenate(again)
            first = first[first > 0][2000]  # past the fade-in
            assert first == pytest.approx(in_the_air + 2000, abs=2.1 * CALLBACK_S * RATE)
            assert np.concatenate(again).max() == 2 * RATE

    run_virtual(main())


def test_stopped_while_the_device_was_away_it_stays_silent():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(2))
            await asyncio.sleep(1)
            test.host.error = AudioError("There is no speaker", "Connect one")
            test.stream.end()
            await asyncio.sleep(0.5)
            test.speaker.stop()
            assert test.speaker.idle()
            test.host.error = None
            await asyncio.sleep(1)
            assert not np.concatenate(test.stream.out).any()

    run_virtual(main())


def test_a_device_that_stays_away_is_given_up_until_it_is_needed_again():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(2))
            await asyncio.sleep(1)
            test.host.error = AudioError("There is no speaker", "Connect one")
            test.stream.end()
            await asyncio.sleep(10)
            assert test.health[-1] is test.host.error
            assert test.speaker.idle(), "it is given up"
            test.host.error = None
            test.speaker.play(counted(0.5))
            await asyncio.sleep(1)
            assert test.health[-1] is None
            assert test.speaker.idle()
            assert np.count_nonzero(np.concatenate(test.stream.out)) == 0.5 * RATE

    run_virtual(main())


def test_callbacks_that_stop_are_noticed():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(5))
            await asyncio.sleep(1)
            test.stream.frozen = True
            await asyncio.sleep(7)
            assert test.speaker.idle()
            assert [bool(fault) for fault in test.health] == [True, False]

    run_virtual(main())


def test_long_silence_suspends_the_stream_and_a_clip_wakes_it():
    async def main() -> None:
        async with playing() as test:
            await asyncio.sleep(3)
            assert not test.stream.running
            test.speaker.play(counted(0.5))
            await asyncio.sleep(1)
            assert test.speaker.idle()
            assert np.count_nonzero(test.played()) == 0.5 * RATE
            assert test.health == []

    run_virtual(main())


def test_woken_in_advance_it_plays_at_once():
    async def main() -> None:
        async with playing() as test:
            await asyncio.sleep(3)
            test.speaker.wake()
            await asyncio.sleep(0.1)
            assert test.stream.running

    run_virtual(main())


def test_a_paused_reply_is_waited_for():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(1))
            await asyncio.sleep(0.5)
            test.speaker.pause()
            await asyncio.sleep(60)
            assert not test.speaker.idle()
            test.speaker.resume()
            await asyncio.sleep(1)
            assert test.speaker.idle()
            heard = test.played()
            assert np.count_nonzero(heard) in (RATE, RATE - 1)  # the fade's last sample is zero

    run_virtual(main())


def test_a_stream_that_was_closed_while_suspended_is_reopened():
    async def main() -> None:
        async with playing() as test:
            await asyncio.sleep(3)
            await test.host.rescan(0)  # the microphone was lost and found
            test.speaker.play(counted(0.5))
            await asyncio.sleep(1)
            assert test.speaker.idle()
            assert len(test.host.streams) == 2
            assert test.host.rescans == 1
            assert test.health == []

    run_virtual(main())


def test_closed_by_a_rescan_it_comes_back_without_a_report():
    async def main() -> None:
        async with playing() as test:
            await asyncio.sleep(0.5)
            await test.host.rescan(0)
            await asyncio.sleep(0.5)
            assert test.stream.running
            assert (len(test.host.streams), test.host.rescans) == (2, 1)
            assert test.health == []

    run_virtual(main())


def test_a_device_that_was_given_up_is_used_again_when_the_system_reports_it():
    async def main() -> None:
        async with playing() as test:
            test.host.error = AudioError("There is no speaker", "Connect one")
            test.stream.end()
            await asyncio.sleep(60)
            rescans = test.host.rescans
            test.host.error = None
            await asyncio.sleep(60)
            assert test.host.rescans == rescans, "nobody looks for it"
            test.speaker.retry()
            await asyncio.sleep(1)
            assert test.health[-1] is None

    run_virtual(main())


def test_device_notifications_do_not_disturb_playback():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(2))
            for _ in range(10):
                test.speaker.retry()
                await asyncio.sleep(0.1)
            assert (len(test.host.streams), test.health) == (1, [])

    run_virtual(main())


async def run_dry(test: Playing, times: int, apart_s: float = 0.5) -> None:
    for _ in range(times):
        test.stream.overflowed = True
        await asyncio.sleep(apart_s)


def test_frequent_underflows_give_a_longer_buffer_in_the_next_silence():
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(counted(1.5))
            await run_dry(test, 2)
            assert len(test.host.streams) == 1
            await asyncio.sleep(1)
            assert [stream.config.latency_s for stream in test.host.streams] == [0.03, 0.06]
            test.speaker.play(counted(0.5))
            await asyncio.sleep(1)
            assert test.speaker.position() == 2 * RATE
            assert test.played().max() == 1.5 * RATE
            assert test.health == []

    run_virtual(main())


def test_the_buffer_does_not_grow_without_limit():
    async def main() -> None:
        async with playing() as test:
            for _ in range(5):
                test.speaker.wake()
                await run_dry(test, 2)
            assert [stream.config.latency_s for stream in test.host.streams] == [0.03, 0.06, 0.12]

    run_virtual(main())


def test_after_a_busy_minute_the_buffer_is_short_again():
    async def main() -> None:
        async with playing() as test:
            test.speaker.wake()
            await run_dry(test, 2)
            await asyncio.sleep(1)
            test.speaker.play(AudioClip(np.ones(25 * RATE, dtype=np.float32), RATE))
            await asyncio.sleep(26)
            assert [stream.config.latency_s for stream in test.host.streams] == [0.03, 0.06, 0.03]
            test.speaker.play(counted(1))
            await asyncio.sleep(1.5)
            assert test.played().max() == RATE
            assert test.health == []

    run_virtual(main())


@pytest.mark.parametrize(("times", "apart_s"), [(1, 1.0), (2, 61.0)])
def test_rare_underflows_keep_the_short_buffer(times: int, apart_s: float):
    async def main() -> None:
        async with playing() as test:
            test.speaker.play(AudioClip(np.ones(130 * RATE, dtype=np.float32), RATE))
            await run_dry(test, times, apart_s)
            await asyncio.sleep(131)
            assert len(test.host.streams) == 1

    run_virtual(main())


def test_a_device_that_cannot_be_opened_with_a_longer_buffer_comes_back():
    async def main() -> None:
        async with playing() as test:
            test.host.error = AudioError("busy")
            await run_dry(test, 2)
            await asyncio.sleep(1)
            test.host.error = None
            test.speaker.play(counted(1))
            await asyncio.sleep(4)
            assert [bool(fault) for fault in test.health] == [True, False]
            assert test.speaker.position() == RATE

    run_virtual(main())


def test_an_underflow_at_the_stream_start_does_not_count():
    async def main() -> None:
        async with playing() as test:
            for _ in range(2):
                await asyncio.sleep(4)  # it is suspended
                test.speaker.wake()
                await asyncio.sleep(0.001)
                assert test.stream.running
                test.stream.overflowed = True
            await asyncio.sleep(1)
            assert len(test.host.streams) == 1

    run_virtual(main())
