import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.audio.resampler import StreamResampler
from voicemate.core.pcm import CLOCK_HZ

RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]


def tone(hz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def inner(pcm: np.ndarray) -> np.ndarray:
    """Without the ends, where there is no sound on one side."""
    return pcm[2000:-2000]


@pytest.mark.parametrize("rate", RATES)
def test_speech_is_resampled_as_by_soxr(rate):
    hz = [110, 440, 1_000, 2_500] + [6_500] * (rate > CLOCK_HZ)
    sound = np.mean([tone(f, rate) for f in hz], axis=0)
    ours = StreamResampler(rate).push(sound)
    reference = soxr.resample(sound, rate, CLOCK_HZ, quality="VHQ")[: len(ours)]
    assert np.abs(inner(ours - reference)).max() < 1e-3


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_frequencies_above_8_khz_do_not_alias(rate):
    assert np.abs(inner(StreamResampler(rate).push(tone(10_000, rate)))).max() < 10 ** (-65 / 20)


@pytest.mark.parametrize("rate", RATES)
def test_it_delays_by_no_more_than_its_delay(rate):
    resampler = StreamResampler(rate)
    given = taken = 0
    for _ in range(50):
        given += 441
        taken += len(resampler.push(np.zeros(441, dtype=np.float32)))
        assert taken <= given * CLOCK_HZ / rate + 1
        assert taken >= (given - resampler.delay) * CLOCK_HZ / rate - 1
    assert resampler.delay <= 0.0025 * rate


@given(lengths=st.lists(st.integers(0, 3000), min_size=1, max_size=12), rate=st.sampled_from(RATES))
@settings(max_examples=40, deadline=None)
def test_the_length_of_chunks_makes_no_difference(lengths, rate):
    sound = np.random.default_rng(1).standard_normal(sum(lengths), dtype=np.float32)
    pieces = StreamResampler(rate)
    cut = np.concatenate([pieces.push(piece) for piece in np.split(sound, np.cumsum(lengths)[:-1])])
    assert np.allclose(cut, StreamResampler(rate).push(sound), atol=1e-5)
