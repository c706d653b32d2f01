"""Has the echo's delay jumped? A stream was rebuilt, or stuttered, while the character spoke.

``delay_estimator`` needs seconds to notice and AEC3 up to three, in which the character would hear itself. So while
cancelling fails, a quarter of a second of the microphone is correlated with the reference, all frequencies given the
same weight (as in ``delay_estimator``). A person who talks over the character makes cancelling fail, too, but then
there is no peak at another delay. Pure.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np

from voicemate.audio.aec.delay_estimator import MAX_DEVIATION, MAX_HZ, MIN_HZ
from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples

WINDOW_BLOCKS = 8
"""Blocks of the microphone that are correlated: 256 ms."""

MIN_DELAY, MAX_DELAY = -to_samples(100), to_samples(200)
"""Delays that are searched."""

LOOKBACK_BLOCKS = 12
"""Blocks by which the reference goes further back. More than ``MAX_DELAY``, since what still rings from before its
begin looks like an echo of that very begin."""

MIN_PEAK_TO_NOISE = 10.0
"""A peak this many times the correlation's own noise is an echo, if the next block shows it again; see
docs/measurements/echo.md."""

MIN_PEAK_TO_OLD_PEAK = 4.0
"""It must be this many times what is left at the old delay: voices are periodic, and have a second peak beside the
first."""

MAX_POWER_RATIO = 10 ** (6 / 10)
"""An echo is not this many times more powerful at another delay than it was. A person who says "mm-hm" close by is,
and voices that are alike may have a peak anywhere."""

GAIN_HISTORY = 64
"""Blocks of cancelled echo whose power shows how loud an echo is: two seconds."""

MIN_REFERENCE_POWER = 1e-6
"""Power of the reference (-60 dBFS) from which a block shows that."""

MIN_BIN_RATIO = 1e-2
"""Frequencies this much weaker than the strongest hold nothing but rounding errors."""

SETTLING_BLOCKS = 6
"""Blocks after a jump in which what was learned before it is not to be trusted."""

HISTORY_BLOCKS = WINDOW_BLOCKS + LOOKBACK_BLOCKS + 10
"""Blocks of the reference that are kept: enough to say what it would have been with another delay."""

_FADE = np.sin(np.linspace(0, np.pi / 2, BLOCK_SAMPLES, dtype=np.float32)) ** 2
_SIZE = 16_384
_MIN_BIN, _MAX_BIN = (round(hertz * _SIZE / CLOCK_HZ) for hertz in (MIN_HZ, MAX_HZ))


class DelayJumpDetector:
    """Watches one microphone and one speaker."""

    def __init__(self) -> None:
        self._near: deque[Pcm] = deque(maxlen=WINDOW_BLOCKS)
        self._reference: deque[Pcm] = deque(maxlen=HISTORY_BLOCKS)
        self._gains: deque[float] = deque(maxlen=GAIN_HISTORY)  # power of the echo as a part of the reference's
        self._peak: int | None = None  # the delay that the latest block showed
        self._settling = 0  # blocks

    @property
    def suspected(self) -> bool:
        """The latest block is like an echo with another delay than so far, or comes right after a jump."""
        return self._peak is not None or self._settling > 0

    def push(self, near: Pcm, reference: Pcm, delay: int | None, failing: bool) -> int:
        """Add the next block of both; returns by how many samples the delay has jumped, mostly 0.

        Args:
            near: the microphone's.
            reference: the speaker's.
            delay: the one so far, in samples; None while it is not known.
            failing: the echo is not cancelled, or louder than it can be.
        """
        self._near.append(near)
        self._reference.append(reference)
        self._settling = max(0, self._settling - 1)
        before, self._peak = self._peak, None
        full = len(self._near) == WINDOW_BLOCKS and len(self._reference) >= WINDOW_BLOCKS + LOOKBACK_BLOCKS
        if delay is None or not full:
            return 0
        if not failing:
            self._learn_gain(delay)
            return 0
        self._peak = self._moved_delay(delay)
        if before is None or self._peak is None or abs(before - self._peak) > MAX_DEVIATION:
            return 0
        self._near.clear()
        self._settling = SETTLING_BLOCKS
        return self._peak - delay

    def realigned_reference(self, later: int, blocks: int) -> list[Pcm]:
        """The last ``blocks`` of the reference as if asked for ``later`` samples later; the oldest first.

        What was not played yet, or is no longer kept, is silence.
        """
        kept, reach = np.concatenate(self._reference), abs(later)
        moved = np.pad(kept, reach)[reach + later :][: len(kept)]
        self._reference.extend(moved.reshape(-1, BLOCK_SAMPLES))
        return list(self._reference)[-blocks:]

    def _moved_delay(self, delay: int) -> int | None:
        """The delay of an echo that is not where it has been."""
        near = _faded(self._near)
        reference = _faded(list(self._reference)[-WINDOW_BLOCKS - LOOKBACK_BLOCKS :])
        cross = np.fft.rfft(near, _SIZE) * np.conj(np.fft.rfft(reference, _SIZE))
        cross[:_MIN_BIN] = cross[_MAX_BIN:] = 0
        weight = np.abs(cross)
        strongest = float(np.max(weight))
        correlation = np.fft.irfft(cross / np.maximum(weight, MIN_BIN_RATIO * strongest + 1e-12), _SIZE)
        delays = np.arange(MIN_DELAY, MAX_DELAY)
        found = correlation[(delays - LOOKBACK_BLOCKS * BLOCK_SAMPLES) % _SIZE]  # the reference begins earlier
        noise = float(np.sqrt(np.mean(np.square(found)))) + 1e-12
        at = int(np.argmax(found))
        peak, moved = found[at], int(delays[at])
        old_peak = float(np.max(found, where=np.abs(delays - delay) <= MAX_DEVIATION, initial=0.0))
        if peak < MIN_PEAK_TO_NOISE * noise or peak < MIN_PEAK_TO_OLD_PEAK * old_peak or self._too_loud(moved):
            return None
        return moved

    def _learn_gain(self, delay: int) -> None:
        gain = self._gain(delay)
        if gain is not None:
            self._gains.append(gain)

    def _too_loud(self, delay: int) -> bool:
        """The microphone picked up more than an echo of what was played ``delay`` samples before."""
        gain = self._gain(delay)
        if gain is None:
            return True
        return bool(self._gains) and gain > MAX_POWER_RATIO * float(np.quantile(self._gains, 0.9))

    def _gain(self, delay: int) -> float | None:
        """The microphone's power as a part of the reference's at this delay; None where that is silent."""
        near = np.concatenate([*self._near])
        reference = np.concatenate(list(self._reference)[-WINDOW_BLOCKS - LOOKBACK_BLOCKS :])
        begin = LOOKBACK_BLOCKS * BLOCK_SAMPLES - delay
        played = float(np.mean(np.square(reference[max(0, begin) : begin + len(near)])))
        return float(np.mean(np.square(near))) / played if played > MIN_REFERENCE_POWER else None


def _faded(blocks: Iterable[Pcm]) -> Pcm:
    """One signal without an edge at either end: two edges at the same place look like an echo without delay."""
    pcm = np.concatenate([*blocks])
    pcm[:BLOCK_SAMPLES] *= _FADE
    pcm[-BLOCK_SAMPLES:] *= _FADE[::-1]
    return pcm
