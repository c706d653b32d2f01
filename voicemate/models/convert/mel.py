"""The mel filter bank that a ggml whisper file carries."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from voicemate.core.pcm import CLOCK_HZ

FFT = 400
"""Samples in whisper's window: 25 ms."""

_HZ_PER_MEL = 200 / 3
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _HZ_PER_MEL
_LOG_STEP = Decimal("6.4").ln() / 27
"""Slaney's scale is linear up to 1 kHz and then takes 27 mels for each factor of 6.4."""


def filter_bank(mels: int) -> NDArray[np.float32]:
    """Return triangular filters on Slaney's mel scale with Slaney's normalisation, 0 Hz to 8 kHz, shape [mels, 201].

    The same numbers as ``librosa.filters.mel(sr=16000, n_fft=400, n_mels=mels)``, which whisper was trained with.
    Logarithm and exponential are taken in decimal arithmetic and not in the C library's, whose last bit differs
    from system to system: a converted model has to have the same hash everywhere.
    """
    edges = _hz(np.linspace(0.0, _mel(CLOCK_HZ / 2), mels + 2))
    ramps = edges[:, None] - np.linspace(0.0, CLOCK_HZ / 2, 1 + FFT // 2)[None, :]
    width = np.diff(edges)
    rising = -ramps[:-2] / width[:-1, None]
    falling = ramps[2:] / width[1:, None]
    norm = 2.0 / (edges[2:] - edges[:-2])
    return (np.maximum(0, np.minimum(rising, falling)) * norm[:, None]).astype("<f4")


def _mel(hz: float) -> float:
    """Return the mels of a frequency of 1 kHz or more."""
    return _LOG_FROM_MEL + float((Decimal(hz) / Decimal(_LOG_FROM_HZ)).ln() / _LOG_STEP)


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = _HZ_PER_MEL * mels
    logarithmic = [_LOG_FROM_HZ * float((_LOG_STEP * Decimal(mel - _LOG_FROM_MEL)).exp()) for mel in mels]
    return np.where(mels >= _LOG_FROM_MEL, logarithmic, linear)
