"""How loud the character's own echo must be now, learned from how loud it has been.

A canceller needs the echo's waveform, and loses it whenever the delay jumps or a clock drifts. Its *power* is much
easier to know, and all that an echo veto needs. So the echo's power in each of some bands is predicted as a weighted
sum of the reference's power in the last half second: the room's gain, delay and reverberation in one. The weights
follow the microphone by normalised least mean squares (Haykin, Adaptive Filter Theory, ch. 7) on powers instead of
samples.

A person who talks over the character makes the microphone louder than predicted, and that is what this is for; so
what is far louder than predicted hardly teaches anything.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, Pcm

EDGES_HZ = (100, 300, 500, 800, 1200, 1800, 2600, 3600, 5000, 7000)
MEMORY_BLOCKS = 16
"""Blocks of the reference that still ring in the microphone: half a second."""

WINDOW_BLOCKS = 4
"""Blocks over which levels are compared: 128 ms. Single blocks differ from the prediction by up to 6 dB."""

INITIAL_STEP, STEP = 0.5, 0.06
"""Part of the error that is corrected by the first block, and in the long run."""

STEP_DECAY_BLOCKS = 15.0

MAX_ECHO_RATIO = 2.0
"""Times the predicted power; what is more is probably not echo,"""
MAX_OVERSHOOT_STEP = 0.05
"""and this part of the prediction is added at most: a speaker that is turned up is learned at 0.4 dB a second."""

MIN_REFERENCE_POWER = 1e-7
"""Power of a reference in all its memory (-70 dBFS) that is worth learning from."""

NOISE_RISE, NOISE_FALL, NOISE_BIAS = 1.01, 0.3, 1.5
"""The noise under everything: its quietest blocks, and by how much its mean is above them."""

RESIDUE_START_DB = -6.0
RESIDUE_RISE_DB, RESIDUE_FALL_DB = 0.3, 0.03
"""What cancelling leaves, relative to the echo: the level that nine of ten blocks lie below."""

_FFT = 2 * BLOCK_SAMPLES
_WINDOW = np.hanning(_FFT).astype(np.float32)
_BINS = np.round(np.array(EDGES_HZ) * _FFT / CLOCK_HZ).astype(int)
_SCALE = BLOCK_SAMPLES * float(np.sum(np.square(_WINDOW)))
_MIN_POWER = 1e-12

Powers = NDArray[np.float64]
"""Mean squares in the bands, shape ``[len(EDGES_HZ) - 1]``."""


@dataclass(frozen=True, slots=True)
class EchoLevels:
    """Levels from 100 Hz to 7 kHz over the last ``WINDOW_BLOCKS`` blocks, in dBFS.

    Attributes:
        near: of the microphone.
        cleaned: of what is left of it.
        echo: of the echo that is to be expected in ``near``.
        expected: of that echo and the room's noise together.
        residue: of what cancelling leaves of them, to be expected in ``cleaned``.
    """

    near: float
    cleaned: float
    echo: float
    expected: float
    residue: float


class EchoLevelModel:
    """Follows one echo path. Pure; must be shown every block from a beginning on, in order."""

    def __init__(self) -> None:
        bands = len(EDGES_HZ) - 1
        self._weights = np.zeros((bands, MEMORY_BLOCKS))
        self._weights[:, :3] = 1 / 3  # before anything is known, the echo may be as loud as what is played
        self._learned = 0
        self._residue_db = RESIDUE_START_DB
        self._noise: Powers | None = None  # unknown
        self.reset([])

    def reset(self, history: list[Pcm]) -> None:
        """The speaker begins after a silence; ``history``: the microphone's blocks right before."""
        self._last = {"near": _silence(), "reference": _silence(), "cleaned": _silence()}
        self._reference = np.zeros_like(self._weights)
        self._window: deque[tuple[float, float, float, float, float]] = deque(maxlen=WINDOW_BLOCKS)
        noises = [self._powers("near", block) for block in history if block.any()][1:]
        self._noise = np.mean(noises, axis=0) / NOISE_BIAS if noises else None
        self._clean_noise = 0.0

    def realign(self, reference: list[Pcm], later: int) -> None:
        """The delay has jumped.

        Args:
            reference: what ``update`` should have been shown of the reference, ``MEMORY_BLOCKS`` blocks and the one
                before, the oldest first.
            later: samples by which the echo of that comes later than so far.
        """
        self._last["reference"] = reference[0]
        for block in reference[1:]:
            self._push_reference(block)
        places = np.arange(MEMORY_BLOCKS)
        from_places = places - later / BLOCK_SAMPLES
        self._weights = np.stack([np.interp(from_places, places, row, left=0.0) for row in self._weights])

    def update(self, near: Pcm, reference: Pcm, cleaned: Pcm) -> EchoLevels:
        """Compare the next block with what was to be expected, and learn from it."""
        self._push_reference(reference)
        got, left = self._powers("near", near), float(np.sum(self._powers("cleaned", cleaned)))
        if self._noise is None:
            self._noise = got
        self._clean_noise = self._clean_noise or float(np.sum(self._noise))
        echo, noise = np.sum(self._weights * self._reference, axis=1), self._noise * NOISE_BIAS
        ratio = float(np.sum(got)) / max(float(np.sum(echo + noise)), _MIN_POWER)
        residue = float(np.sum(echo)) * 10 ** (self._residue_db / 10) + self._clean_noise * NOISE_BIAS
        total = float(np.sum(echo))
        self._window.append((float(np.sum(got)), left, total, total + float(np.sum(noise)), residue))
        self._learn_echo(got, echo, noise, ratio)
        self._learn_residue(left, total, ratio)
        self._noise = _lower_edge(self._noise, got)
        self._clean_noise = float(_lower_edge(np.array(self._clean_noise), np.array(left)))
        return EchoLevels(*(10 * np.log10(np.maximum(np.mean(self._window, axis=0), _MIN_POWER))).tolist())

    def _push_reference(self, block: Pcm) -> None:
        self._reference = np.roll(self._reference, 1, axis=1)
        self._reference[:, 0] = self._powers("reference", block)

    def _learn_echo(self, got: Powers, echo: Powers, noise: Powers, ratio: float) -> None:
        audible = np.sum(self._reference, axis=1) > MIN_REFERENCE_POWER
        if not audible.any():
            return
        self._learned += 1
        step = max(STEP, INITIAL_STEP / (1 + self._learned / STEP_DECAY_BLOCKS))
        expected = echo + noise
        error = np.minimum(got - expected, expected * (MAX_OVERSHOOT_STEP if ratio > MAX_ECHO_RATIO else 1.0))
        # where noise covers the echo there is nothing to learn
        error *= audible * echo / np.maximum(expected, _MIN_POWER)
        change = step * error / (np.sum(np.square(self._reference), axis=1) + _MIN_POWER**2)
        self._weights = np.maximum(0.0, self._weights + change[:, None] * self._reference)

    def _learn_residue(self, left: float, echo: float, ratio: float) -> None:
        if echo < 10 * MIN_REFERENCE_POWER or ratio > MAX_ECHO_RATIO:
            return
        seen = 10 * np.log10(max(left - self._clean_noise * NOISE_BIAS, _MIN_POWER) / echo)
        self._residue_db += RESIDUE_RISE_DB if seen > self._residue_db else -RESIDUE_FALL_DB

    def _powers(self, signal: str, block: Pcm) -> Powers:
        """In the bands, over ``block`` and the one before it of the same ``signal``."""
        spectrum = np.fft.rfft(np.concatenate([self._last[signal], block]) * _WINDOW)
        self._last[signal] = block
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        return np.add.reduceat(power[: _BINS[-1]], _BINS[:-1]) / _SCALE


def _lower_edge(noise: Powers, got: Powers) -> Powers:
    """A floor that follows its quietest blocks quickly, and rises slowly from them."""
    return np.maximum(np.where(got < noise, noise + NOISE_FALL * (got - noise), noise * NOISE_RISE), _MIN_POWER)


def _silence() -> Pcm:
    return np.zeros(BLOCK_SAMPLES, dtype=np.float32)
