"""The test signal is found where it is, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples
from voicemate.doctor.loopback.chirp import CHIRP_MS, MIN_PEAK_TO_NOISE, SWEEPS_HZ, chirp, chirps, find_echo


def played() -> Pcm:
    return np.pad(chirps(), (to_samples(600), to_samples(2800)))


def recorded(delay: int, gain_db: float = -20, noise: float = 0.0, seed: int = 0) -> Pcm:
    random = np.random.default_rng(seed)
    heard = np.roll(played(), delay) * 10 ** (gain_db / 20) + random.normal(0, noise, len(played()))
    return heard.astype(np.float32)


@settings(max_examples=8, deadline=None)
@given(st.integers(-7000, 39000), st.floats(-40, 6), st.integers(0, 99))
def test_delay_and_gain_are_measured(delay: int, gain_db: float, seed: int):
    found = find_echo(played(), recorded(delay, gain_db, noise=1e-4, seed=seed))
    assert found.detected
    assert found.delay == pytest.approx(delay, abs=1)
    assert found.gain_db == pytest.approx(gain_db, abs=1.5)


def test_the_echo_is_found_below_the_noise():
    found = find_echo(played(), recorded(1234, gain_db=-30, noise=0.008))
    assert found.detected
    assert found.delay == pytest.approx(1234, abs=2)


@pytest.mark.parametrize("seed", range(5))
def test_noise_alone_holds_no_echo(seed: int):
    noise = np.random.default_rng(seed).normal(0, 0.05, len(played())).astype(np.float32)
    assert find_echo(played(), noise).peak_to_noise < MIN_PEAK_TO_NOISE / 1.5


def test_silence_on_either_side_holds_no_echo():
    assert not find_echo(played(), np.zeros_like(played())).detected
    assert not find_echo(np.zeros_like(played()), recorded(0)).detected


def test_a_lost_chirp_does_not_shift_the_others():
    partly = played()
    partly[: to_samples(1200)] = 0
    assert find_echo(partly, recorded(500)).delay == pytest.approx(500, abs=1)
    assert find_echo(played(), np.roll(partly, 500)).delay == pytest.approx(500, abs=1)


@pytest.mark.parametrize("sweep", SWEEPS_HZ)
def test_the_chirps_are_short_soft_and_not_shrill(sweep: tuple[float, float]):
    sound = chirp(*sweep)
    assert len(sound) <= to_samples(300)
    assert CHIRP_MS < 300
    assert abs(sound[0]) < 0.01
    assert abs(sound[-1]) < 0.01
    assert np.max(np.abs(sound)) < 0.3
    power = np.square(np.abs(np.fft.rfft(sound)))
    hertz = np.fft.rfftfreq(len(sound), 1 / CLOCK_HZ)
    assert power[(hertz > 250) & (hertz < 3200)].sum() > 0.99 * power.sum()
