import asyncio
import time

import numpy as np
import pytest

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.core.clock import SampleClock
from voicemate.core.errors import AudioError
from voicemate.core.pcm import CLOCK_HZ, AudioClip, level_dbfs
from voicemate.testing.simulated_room import SimulatedRoom
from voicemate.testing.virtual_time import run_virtual


def words(seconds: float, level: float = 0.5, rate: int = CLOCK_HZ) -> AudioClip:
    return AudioClip(np.full(round(seconds * rate), level, dtype=np.float32), rate)


async def listen(room: SimulatedRoom) -> list[Block]:
    return [block async for block in room.microphone.blocks()]


async def held_conversation(room: SimulatedRoom, clock: SampleClock) -> list[Block]:
    """The person says something twice; the character answers half a second after each."""
    await room.microphone.open()
    listening = asyncio.create_task(listen(room))
    for _ in range(2):
        await room.say(words(1.0))
        await asyncio.sleep(0.5)
        room.speaker.play(words(2.0, level=0.25))
        await room.wait_until_quiet(0.5)
    room.end_input()
    return await listening


def test_a_conversation_runs_in_real_time_or_in_virtual_time():
    async def main() -> np.ndarray:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        await held_conversation(room, clock)
        return room.recording()

    before = time.monotonic()
    quick = run_virtual(main())
    assert time.monotonic() - before < len(quick) / CLOCK_HZ
    assert len(quick) == pytest.approx(8 * CLOCK_HZ, abs=0.2 * CLOCK_HZ)
    assert np.array_equal(quick, run_virtual(main()))


def test_the_recording_has_person_left_and_character_right_on_one_time_line():
    async def main() -> np.ndarray:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        await held_conversation(room, clock)
        return room.recording()

    person, character = run_virtual(main()).T
    assert np.array_equal(np.flatnonzero(person)[[0, CLOCK_HZ - 1]], [0, CLOCK_HZ - 1])
    answer = np.flatnonzero(character)
    assert answer[0] == pytest.approx(1.5 * CLOCK_HZ, abs=1)
    assert len(answer) == 4 * CLOCK_HZ


def test_the_microphone_picks_the_person_up_when_they_speak():
    async def main() -> None:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        await room.microphone.open()
        listening = asyncio.create_task(listen(room))
        await asyncio.sleep(0.7)
        begin = clock.now()
        end = await room.say(words(0.5, rate=48_000))
        assert end == clock.now()
        room.end_input()
        blocks = await listening
        assert [block.at for block in blocks] == list(range(0, blocks[-1].end, BLOCK_SAMPLES))
        heard = np.concatenate([block.pcm for block in blocks])
        loud = np.flatnonzero(heard > 0.25)
        assert (loud[0], loud[-1] + 1) == (pytest.approx(begin, abs=2), pytest.approx(end, abs=2))

    run_virtual(main())


def test_a_block_comes_when_its_last_sample_is_in_the_air():
    async def main() -> None:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        await room.microphone.open()
        async for block in room.microphone.blocks():
            assert clock.now() == block.end
            if block.at > CLOCK_HZ:
                await room.microphone.close()

    run_virtual(main())


def test_speech_can_be_scheduled():
    async def main() -> np.ndarray:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        room.say_at(words(0.1), CLOCK_HZ)
        room.say_at(words(0.1), 2 * CLOCK_HZ)
        room.end_input()
        await room.microphone.open()
        return np.concatenate([block.pcm for block in await listen(room)])

    heard = np.flatnonzero(run_virtual(main()))
    assert heard[0] == CLOCK_HZ
    assert heard[-1] == 2 * CLOCK_HZ + 1599


def test_a_room_with_noise_has_it_at_its_level_and_the_same_each_time():
    async def main() -> np.ndarray:
        clock = SampleClock()
        room = SimulatedRoom(clock, noise_dbfs=-60, seed=5)
        room.say_at(words(0.1, level=0.0), 2 * CLOCK_HZ)
        room.end_input()
        await room.microphone.open()
        return np.concatenate([block.pcm for block in await listen(room)])

    noise = run_virtual(main())
    assert level_dbfs(noise) == pytest.approx(-60, abs=0.2)
    assert np.array_equal(noise, run_virtual(main()))


def test_position_follows_every_sample():
    async def main() -> None:
        room = SimulatedRoom(SampleClock())
        span = room.speaker.play(words(1.0))
        await asyncio.sleep(0.3)
        assert room.speaker.position() == pytest.approx(span.start + 0.3 * CLOCK_HZ, abs=1)
        room.speaker.pause(fade_ms=0)
        await asyncio.sleep(10)
        assert room.speaker.position() == pytest.approx(0.3 * CLOCK_HZ, abs=2)
        assert not room.speaker.idle()
        room.speaker.resume()
        await asyncio.sleep(0.71)
        assert room.speaker.idle()
        assert room.speaker.position() == span.end

    run_virtual(main())


def test_stop_is_silent_twenty_milliseconds_later():
    async def main() -> np.ndarray:
        room = SimulatedRoom(SampleClock())
        room.speaker.play(words(1.0))
        await asyncio.sleep(0.5)
        room.speaker.stop()
        await asyncio.sleep(1.0)
        return room.recording()[:, 1]

    loud = np.flatnonzero(run_virtual(main()))
    assert loud[-1] == pytest.approx(0.52 * CLOCK_HZ, abs=2)


def test_a_person_waits_for_an_answer_but_not_for_ever():
    async def main() -> None:
        clock = SampleClock()
        room = SimulatedRoom(clock)

        async def answer() -> None:
            await asyncio.sleep(3)
            room.speaker.play(words(1.0))
            await asyncio.sleep(1.4)  # a breath between two phrases
            room.speaker.play(words(1.0))

        answering = asyncio.create_task(answer())
        assert await room.wait_until_answered(quiet_s=1.0)
        assert clock.now() == pytest.approx((3 + 1.4 + 1 + 1) * CLOCK_HZ, abs=0.1 * CLOCK_HZ)
        assert not await room.wait_until_answered(timeout_s=5)
        await answering

    run_virtual(main())


def test_faults_of_the_room_reach_the_listeners():
    async def main() -> None:
        room = SimulatedRoom(SampleClock())
        told: list[AudioError | None] = []
        for device in (room.microphone, room.speaker):
            device.add_health_listener(told.append)
            device.report_fault(AudioError("It is broken", "Mend it"))
            device.report_fault(None)
        assert [bool(fault) for fault in told] == [True, False, True, False]

    run_virtual(main())


async def test_in_real_time_the_room_keeps_real_time():
    clock = SampleClock()
    room = SimulatedRoom(clock)
    await room.microphone.open()
    listening = asyncio.create_task(listen(room))
    loop = asyncio.get_running_loop()
    before = loop.time()
    await room.say(words(0.3))
    room.end_input()
    blocks = await listening
    assert loop.time() - before >= 0.3
    assert blocks[-1].end == pytest.approx(0.3 * CLOCK_HZ, abs=BLOCK_SAMPLES + 1600)
