"""Whisper's picture of sound."""

import numpy as np
import pytest

from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.turns.end_of_turn.log_mel import HOP, MELS, log_mel


def tone(hz: float, seconds: float = 1.0) -> Pcm:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * CLOCK_HZ)) / CLOCK_HZ).astype(np.float32)


def test_it_has_a_column_for_every_ten_milliseconds():
    assert log_mel(tone(440, 0.5)).shape == (MELS, 50)


def test_a_tone_is_brightest_in_its_own_band():
    rows = [int(log_mel(tone(hz)).mean(axis=1).argmax()) for hz in (200, 1000, 4000)]
    # Slaney's scale: 15 of its 45.2 mels lie below 1 kHz, 80 bands lie on the whole.
    assert rows == pytest.approx([80 * mel / 45.2 for mel in (3.0, 15.0, 35.2)], abs=2)


def test_the_level_does_not_matter():
    np.testing.assert_allclose(log_mel(tone(440)), log_mel(tone(440) * np.float32(0.1)), atol=1e-3)


def test_what_comes_later_stands_further_right():
    late = np.concatenate([np.zeros(CLOCK_HZ, dtype=np.float32), tone(440)])
    energy = log_mel(late).mean(axis=0)
    assert energy[: CLOCK_HZ // HOP - 2].max() < energy[CLOCK_HZ // HOP + 2 :].min()


def test_silence_is_even():
    silence = log_mel(np.zeros(CLOCK_HZ, dtype=np.float32))
    assert np.all(silence == silence[0, 0])
    assert np.isfinite(silence).all()
