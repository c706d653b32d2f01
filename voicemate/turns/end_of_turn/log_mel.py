"""Whisper's log-mel spectrogram: the energy in each frequency band, every 10 ms.

The values are those of Hugging Face's ``WhisperFeatureExtractor`` (``feature_extraction_whisper.py``), with its
normalisation of the waveform, with which the networks were trained.
"""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from voicemate.core.pcm import Pcm, to_samples
from voicemate.models.convert.mel import FFT, filter_bank

MELS = 80
HOP = to_samples(10)


def log_mel(pcm: Pcm) -> NDArray[np.float32]:
    """Return the log-mel spectrogram of 16 kHz ``pcm``, shape ``[MELS, len(pcm) // HOP]``, about -1.5 to 1.5.

    The waveform is normalized to mean 0 and variance 1 first, so its level does not matter. Takes 4 ms for 8 s.
    """
    normal = (pcm - pcm.mean()) / np.sqrt(pcm.var() + np.float32(1e-7))
    padded = np.pad(normal, FFT // 2, mode="reflect")
    frames = sliding_window_view(padded, FFT)[: len(pcm) // HOP * HOP : HOP]
    power = np.square(np.abs(np.fft.rfft(frames * _window())))
    log = np.log10(np.maximum(_filters() @ power.T, 1e-10))
    return ((np.maximum(log, log.max() - 8.0) + 4.0) / 4.0).astype(np.float32)


@cache
def _window() -> NDArray[np.float64]:
    """A periodic Hann window."""
    return np.hanning(FFT + 1)[:-1]


@cache
def _filters() -> NDArray[np.float32]:
    return filter_bank(MELS)
