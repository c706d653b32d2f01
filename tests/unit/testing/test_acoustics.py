import numpy as np
import pytest

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, level_dbfs
from voicemate.testing import background_noise
from voicemate.testing.acoustics import AcousticPath, Acoustics, BackgroundSound, Convolver, SimulatedEcho, soft_clip


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, n).astype(np.float32)


@pytest.mark.parametrize("length", [1, 100, BLOCK_SAMPLES, 5000])
def test_a_stream_is_convolved_as_if_it_were_one_signal(length: int):
    response, sound = noise(length, 1), noise(20 * BLOCK_SAMPLES, 2)
    sound[5 * BLOCK_SAMPLES : 16 * BLOCK_SAMPLES] = 0  # it falls silent for longer than the response rings
    convolver = Convolver(response)
    got = np.concatenate([convolver.push(block) for block in sound.reshape(-1, BLOCK_SAMPLES)])
    assert np.allclose(got, np.convolve(sound, response)[: len(sound)], atol=1e-4)


@pytest.mark.parametrize("rt60_s", [0.0, 0.2, 0.8])
def test_a_path_has_its_gain_and_reverberation(rt60_s: float):
    response = AcousticPath(gain_db=-12, rt60_s=rt60_s, seed=3).impulse_response()
    assert 10 * np.log10(np.sum(np.square(response))) == pytest.approx(-12, abs=0.01)
    assert len(response) == max(1, round(rt60_s * CLOCK_HZ))
    if rt60_s:
        half = len(response) // 2
        first, second = response[64:half], response[half:]
        fall = level_dbfs(first) - level_dbfs(second)
        assert fall == pytest.approx(30, abs=3)  # half of the 60 dB


def test_the_same_seed_gives_the_same_room_and_another_one_does_not():
    assert np.array_equal(
        AcousticPath(rt60_s=0.3, seed=1).impulse_response(), AcousticPath(rt60_s=0.3, seed=1).impulse_response()
    )
    assert not np.array_equal(
        AcousticPath(rt60_s=0.3, seed=1).impulse_response(), AcousticPath(rt60_s=0.3, seed=2).impulse_response()
    )


def test_a_path_without_reverberation_only_changes_the_level():
    sound = noise(1000)
    assert np.allclose(AcousticPath(gain_db=-6).apply(sound), sound * 10 ** (-6 / 20))
    assert np.array_equal(AcousticPath().apply(sound), sound)


def test_a_speaker_saturates_at_its_limit_and_leaves_quiet_audio_as_it_is():
    loud = soft_clip(np.linspace(-1, 1, 100, dtype=np.float32), 0.25)
    assert np.max(np.abs(loud)) <= 0.25
    quiet = np.linspace(-0.01, 0.01, 100, dtype=np.float32)
    assert np.allclose(soft_clip(quiet, 0.25), quiet, atol=1e-5)


def test_the_echo_is_attenuated_by_the_rooms_gain():
    path = SimulatedEcho(Acoustics(AcousticPath(gain_db=-20, rt60_s=0.3, seed=1)))
    sound = noise(100 * BLOCK_SAMPLES)
    echo = np.concatenate([path.push(block) for block in sound.reshape(-1, BLOCK_SAMPLES)])
    assert level_dbfs(echo[CLOCK_HZ:]) == pytest.approx(level_dbfs(sound) - 20, abs=1)


def test_a_background_sound_repeats_at_its_level():
    bed = BackgroundSound(background_noise.noise(1.0, db_per_octave=-3, seed=4), dbfs=-40)
    whole = bed.between(0, 5 * CLOCK_HZ)
    assert level_dbfs(whole) == pytest.approx(-40, abs=0.1)
    assert np.array_equal(whole[:CLOCK_HZ], whole[3 * CLOCK_HZ : 4 * CLOCK_HZ])
    assert np.array_equal(bed.between(CLOCK_HZ - 100, CLOCK_HZ + 100), whole[CLOCK_HZ - 100 : CLOCK_HZ + 100])


@pytest.mark.parametrize("slope", [0.0, -3.0, -6.0])
def test_noise_has_its_slope(slope: float):
    sound = background_noise.noise(4.0, slope, seed=2)
    power = np.square(np.abs(np.fft.rfft(sound)))
    hertz = np.fft.rfftfreq(len(sound), 1 / CLOCK_HZ)
    octaves = [10 * np.log10(np.mean(power[(hertz >= low) & (hertz < 2 * low)])) for low in (250, 500, 1000, 2000)]
    assert np.mean(np.diff(octaves)) == pytest.approx(slope, abs=0.5)


def test_music_and_babble_are_seeded_and_fill_their_time():
    voices = [noise(CLOCK_HZ // 2, seed) for seed in range(3)]
    for made in (
        lambda seed: background_noise.music(3.0, seed),
        lambda seed: background_noise.babble(voices, 3.0, seed=seed),
    ):
        first = made(1)
        assert len(first) == 3 * CLOCK_HZ
        assert np.array_equal(first, made(1))
        assert not np.array_equal(first, made(2))
        seconds = [level_dbfs(first[i : i + CLOCK_HZ]) for i in range(0, len(first), CLOCK_HZ)]
        assert min(seconds) > -35


def test_clock_drift_delays_the_echo_more_and_more():
    path = SimulatedEcho(Acoustics(AcousticPath(delay_ms=10), drift_ppm=1_000))
    played = np.convolve(noise(20 * BLOCK_SAMPLES), np.hanning(32) / 16, mode="same").astype(np.float32)
    padded = np.concatenate([np.zeros(CLOCK_HZ, np.float32), played, np.zeros(CLOCK_HZ, np.float32)])

    def far(begin: int, end: int) -> np.ndarray:
        return padded[CLOCK_HZ + begin : CLOCK_HZ + end]

    blocks = [path.between(at, at + BLOCK_SAMPLES, far) for at in range(0, 20 * BLOCK_SAMPLES, BLOCK_SAMPLES)]
    tenth = 10 * BLOCK_SAMPLES  # 5.12 samples late by then
    assert blocks[0][160:] == pytest.approx(played[: BLOCK_SAMPLES - 160], abs=1e-5)
    assert blocks[10] == pytest.approx(
        0.88 * played[tenth - 165 :][:BLOCK_SAMPLES] + 0.12 * played[tenth - 166 :][:BLOCK_SAMPLES], abs=1e-5
    )
