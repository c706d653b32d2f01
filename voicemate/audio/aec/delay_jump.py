"""Has the echo's delay jumped? A stream was rebuilt, or stumbled, while the character spoke.

``echo_path`` needs seconds to notice and AEC3 up to three, in which the character would hear itself. So while
cancelling fails, a quarter of a second of the microphone is correlated with the far signal, all frequencies given the
same weight (as in ``echo_path``). Somebody who talks over the character makes cancelling fail, too, but then there is
no peak at another delay. Pure.
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
"""Delays that are looked for."""

REACH = 12
"""Blocks by which the far signal goes further back. More than ``LATEST``, since what still rings from before its
begin looks like an echo of that very begin."""

MIN_PEAK_TO_NOISE = 10.0
"""A peak so many times the correlation's own noise is an echo, if the next block shows it again. At the right delay
half of all moments of speech have 18 and more, also in a bare room; with nothing but another voice in the microphone
the largest of some hundred was 10."""

OUTDONE = 4.0
"""It must be so many times what is left at the delay so far: voices are periodic, and have a second peak beside the
first."""

LOUDER = 10 ** (6 / 10)
"""An echo is not so many times more powerful at another delay than it was. Somebody who says "mm-hm" close by is, and
voices that are alike may have a peak anywhere."""

GAIN_HISTORY = 64
"""Moments of cancelled echo whose power tells how loud an echo is: two seconds."""

QUIETEST = 1e-6
"""Power of the far signal (-60 dBFS) from which a moment tells that."""

FAINT = 1e-2
"""Frequencies this much weaker than the strongest hold nothing but rounding errors."""

SETTLING = 6
"""Blocks after a jump in which what was learned before it is not to be trusted."""

HISTORY_BLOCKS = WINDOW_BLOCKS + REACH + 10
"""Blocks of the far signal: enough to say what it would have been with another delay."""

_RISE = np.sin(np.linspace(0, np.pi / 2, BLOCK_SAMPLES, dtype=np.float32)) ** 2
_SIZE = 16_384
_FIRST_BIN, _LAST_BIN = (round(hertz * _SIZE / CLOCK_HZ) for hertz in (MIN_HZ, MAX_HZ))


class DelayJumpDetector:
    """Watches one microphone and one loudspeaker.

    Attributes:
        suspected: the latest block sounds like an echo with another delay than so far, or comes right after a jump.
    """

    def __init__(self) -> None:
        self._near: deque[Pcm] = deque(maxlen=WINDOW_BLOCKS)
        self._far: deque[Pcm] = deque(maxlen=HISTORY_BLOCKS)
        self._gains: deque[float] = deque(maxlen=GAIN_HISTORY)  # power of the echo as a part of the far signal's
        self._peak: int | None = None  # the delay that the latest block showed
        self._settling = 0  # blocks

    @property
    def suspected(self) -> bool:
        return self._peak is not None or self._settling > 0

    def push(self, near: Pcm, far: Pcm, delay: int | None, failing: bool) -> int:
        """Show it the next block of both; returns by how many samples the delay has jumped, mostly 0.

        Args:
            delay: the one so far, in samples; None while it is not known.
            failing: the echo is not cancelled, or louder than it can be.
        """
        self._near.append(near)
        self._far.append(far)
        self._settling = max(0, self._settling - 1)
        before, self._peak = self._peak, None
        shown = len(self._near) == WINDOW_BLOCKS and len(self._far) >= WINDOW_BLOCKS + REACH
        if delay is None or not shown:
            return 0
        if not failing:
            self._learn(delay)
            return 0
        self._peak = self._elsewhere(delay)
        if before is None or self._peak is None or abs(before - self._peak) > MAX_DEVIATION:
            return 0
        self._near.clear()
        self._settling = SETTLING
        return self._peak - delay

    def realigned_reference(self, later: int, blocks: int) -> list[Pcm]:
        """The last ``blocks`` of the far signal as if asked for ``later`` samples later; the oldest first.

        What was not played yet, or is not kept any more, is silence.
        """
        kept, reach = np.concatenate(self._far), abs(later)
        moved = np.pad(kept, reach)[reach + later :][: len(kept)]
        self._far.extend(moved.reshape(-1, BLOCK_SAMPLES))
        return list(self._far)[-blocks:]

    def _elsewhere(self, delay: int) -> int | None:
        """The delay of an echo that is not where it has been."""
        near, far = _faded(self._near), _faded(list(self._far)[-WINDOW_BLOCKS - REACH :])
        cross = np.fft.rfft(near, _SIZE) * np.conj(np.fft.rfft(far, _SIZE))
        cross[:_FIRST_BIN] = cross[_LAST_BIN:] = 0
        weight = np.abs(cross)
        correlation = np.fft.irfft(cross / np.maximum(weight, FAINT * float(np.max(weight)) + 1e-12), _SIZE)
        delays = np.arange(MIN_DELAY, MAX_DELAY)
        found = correlation[(delays - REACH * BLOCK_SAMPLES) % _SIZE]  # the far signal begins so much earlier
        noise = float(np.sqrt(np.mean(np.square(found)))) + 1e-12
        at = int(np.argmax(found))
        left = float(np.max(found, where=np.abs(delays - delay) <= MAX_DEVIATION, initial=0.0))
        if found[at] < MIN_PEAK_TO_NOISE * noise or found[at] < OUTDONE * left or self._too_loud(int(delays[at])):
            return None
        return int(delays[at])

    def _learn(self, delay: int) -> None:
        gain = self._gain(delay)
        if gain is not None:
            self._gains.append(gain)

    def _too_loud(self, delay: int) -> bool:
        """The microphone heard more than an echo of what was played ``delay`` samples before."""
        gain = self._gain(delay)
        if gain is None:
            return True
        return bool(self._gains) and gain > LOUDER * float(np.quantile(self._gains, 0.9))

    def _gain(self, delay: int) -> float | None:
        """The microphone's power as a part of the far signal's at this delay; None where that is silent."""
        near, far = np.concatenate([*self._near]), np.concatenate(list(self._far)[-WINDOW_BLOCKS - REACH :])
        begin = REACH * BLOCK_SAMPLES - delay
        played = float(np.mean(np.square(far[max(0, begin) : begin + len(near)])))
        return float(np.mean(np.square(near))) / played if played > QUIETEST else None


def _faded(blocks: Iterable[Pcm]) -> Pcm:
    """One sound without an edge at either end: two edges at the same place look like an echo without delay."""
    pcm = np.concatenate([*blocks])
    pcm[:BLOCK_SAMPLES] *= _RISE
    pcm[-BLOCK_SAMPLES:] *= _RISE[::-1]
    return pcm
