"""The simulated room's acoustics, on the virtual clock."""

import asyncio

import numpy as np
import pytest

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.clock import SampleClock
from voicemate.core.pcm import CLOCK_HZ, AudioClip, Pcm, level_dbfs, to_samples
from voicemate.doctor.loopback.measure import LoopbackResult, measure_loopback
from voicemate.testing import background_noise
from voicemate.testing.acoustics import AcousticPath, Acoustics, BackgroundSound
from voicemate.testing.simulated_room import SimulatedRoom
from voicemate.testing.virtual_time import run_virtual

HEADPHONES = Acoustics()
DESK = Acoustics(echo=AcousticPath(gain_db=-14, delay_ms=45, rt60_s=0.25, seed=1))


def words(seconds: float, level: float = 0.5) -> AudioClip:
    random = np.random.default_rng(7)
    return AudioClip((level * random.standard_normal(round(seconds * CLOCK_HZ)) / 4).astype(np.float32), CLOCK_HZ)


async def heard(room: SimulatedRoom, seconds: float) -> Pcm:
    """What the microphone delivers from now on."""
    await room.microphone.open()
    pieces: list[Pcm] = []
    async for block in room.microphone.blocks():
        pieces.append(block.pcm)
        if len(pieces) * BLOCK_SAMPLES >= seconds * CLOCK_HZ:
            break
    await room.microphone.close()
    return np.concatenate(pieces)


def test_the_echo_has_the_rooms_delay_and_gain():
    async def main() -> None:
        room = SimulatedRoom(SampleClock(), acoustics=Acoustics(echo=AcousticPath(gain_db=-20, delay_ms=100)))
        sound = words(1.0)
        room.speaker.play(sound)
        near = await heard(room, 2.0)
        begin = to_samples(100)
        assert near[:begin] == pytest.approx(0, abs=1e-6)
        assert near[begin : begin + len(sound.pcm)] == pytest.approx(0.1 * sound.pcm, abs=1e-5)
        assert near[begin + len(sound.pcm) + BLOCK_SAMPLES :] == pytest.approx(0, abs=1e-6)

    run_virtual(main())


def test_unplugged_headphones_give_an_echo():
    async def main() -> None:
        room = SimulatedRoom(SampleClock(), acoustics=HEADPHONES)
        room.speaker.play(words(3.0))
        assert not (await heard(room, 1.0)).any()
        room.set_acoustics(DESK)
        assert level_dbfs(await heard(room, 1.0)) > -50

    run_virtual(main())


def test_another_person_speaks_from_another_place_at_the_same_time():
    async def main() -> None:
        room = SimulatedRoom(
            SampleClock(), acoustics=Acoustics(other=AcousticPath(gain_db=-12, delay_ms=10, rt60_s=0.4, seed=5))
        )
        room.say_at(words(0.5), to_samples(200))
        room.say_at(words(1.0), to_samples(1000), room.acoustics.other)
        near = await heard(room, 3.0)
        person, other = (
            level_dbfs(near[to_samples(200) : to_samples(700)]),
            level_dbfs(near[to_samples(1200) : to_samples(2000)]),
        )
        assert person - other == pytest.approx(12, abs=2)
        assert not near[: to_samples(200)].any()
        assert near[to_samples(2050) : to_samples(2200)].any()  # the room rings on

    run_virtual(main())


def test_background_sound_lies_under_everything():
    async def main() -> None:
        bed = BackgroundSound(background_noise.music(2.0, seed=1), dbfs=-45)
        room = SimulatedRoom(SampleClock(), acoustics=Acoustics(background=(bed,)))
        assert level_dbfs(await heard(room, 4.0)) == pytest.approx(-45, abs=1)

    run_virtual(main())


def test_the_recording_has_the_room_without_the_echo_and_the_character_alone():
    async def main() -> None:
        room = SimulatedRoom(SampleClock(), acoustics=DESK)
        room.speaker.play(words(1.0))
        await heard(room, 2.0)
        left, right = room.recording().T
        assert not left.any()
        assert right.any()

    run_virtual(main())


def test_what_left_the_speaker_can_be_asked_for():
    async def main() -> None:
        clock = SampleClock()
        room = SimulatedRoom(clock)
        await asyncio.sleep(0.5)
        began = clock.now()
        room.speaker.play(words(1.0))
        await asyncio.sleep(0.5)
        room.speaker.stop()
        await asyncio.sleep(0.5)
        far = room.speaker.aec_reference(0, clock.now())
        sounding = np.flatnonzero(far)
        assert sounding[0] == pytest.approx(began, abs=2)
        assert sounding[-1] - sounding[0] == pytest.approx(to_samples(520), abs=to_samples(2))
        assert np.array_equal(room.speaker.aec_reference(began + 100, began + 300), far[began + 100 : began + 300])
        assert not room.speaker.aec_reference(clock.now() + 100, clock.now() + 200).any()

    run_virtual(main())


def loop_in(acoustics: Acoustics, noise_dbfs: float | None = -65) -> LoopbackResult:
    async def main() -> LoopbackResult:
        room = SimulatedRoom(SampleClock(), noise_dbfs=noise_dbfs, acoustics=acoustics)
        return await measure_loopback(room.microphone, room.speaker)

    return run_virtual(main())


@pytest.mark.parametrize(("delay_ms", "gain_db"), [(5, -6), (60, -20), (350, -30), (2000, -20)])
def test_the_loopback_measures_delay_and_echo(delay_ms: int, gain_db: float):
    result = loop_in(Acoustics(echo=AcousticPath(gain_db, delay_ms=delay_ms, rt60_s=0.3, seed=1), clip=0.3))
    assert result.echo.detected
    assert result.delay_ms == pytest.approx(delay_ms, abs=2)
    assert result.echo.gain_db == pytest.approx(gain_db, abs=4)


def test_the_loopback_result_gives_advice():
    assert "will be cancelled" in loop_in(DESK).advice()[0]
    assert "does not pick up the speaker" in loop_in(HEADPHONES).advice()[0]
    assert "turn the speaker down" in loop_in(Acoustics(echo=AcousticPath(gain_db=6))).advice()[0]
    assert "wrong latency" in loop_in(Acoustics(echo=AcousticPath(gain_db=-20, delay_ms=600))).advice()[0]
    dead = loop_in(HEADPHONES, noise_dbfs=None)
    assert not dead.has_signal
    assert "digital silence" in dead.advice()[0]
