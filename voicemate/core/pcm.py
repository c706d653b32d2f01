"""Audio in memory, and the unit of time that decisions are made in.

All decisions use one clock: the number of 16 kHz samples that the microphone has delivered since the conversation
began. Positions on it are plain integers, named ``at``, ``began`` or ``ended``.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLOCK_HZ = 16_000
"""Samples a second of the conversation's clock; also the rate of webrtcvad, Silero and whisper."""

Pcm = NDArray[np.float32]
"""Mono samples in [-1, 1], one dimension, C-contiguous."""


@dataclass(frozen=True, slots=True)
class AudioClip:
    """A piece of mono audio at a rate of its own.

    Attributes:
        pcm: float32 samples, shape ``[n]``.
        rate: samples a second (Hz).
    """

    pcm: Pcm
    rate: int

    @property
    def seconds(self) -> float:
        """Its length (s)."""
        return len(self.pcm) / self.rate


def to_samples(ms: float) -> int:
    """Clock samples in ``ms`` milliseconds."""
    return round(ms * CLOCK_HZ / 1000)


def to_ms(n: int) -> float:
    """Milliseconds in ``n`` clock samples."""
    return n * 1000 / CLOCK_HZ


def level_dbfs(pcm: Pcm) -> float:
    """RMS level in dB below full scale; -120 for silence or no samples."""
    if len(pcm) == 0:
        return -120.0
    power = float(np.dot(pcm, pcm)) / len(pcm)
    return 10 * math.log10(max(power, 1e-12))
