"""Is there an echo path, and how late does the echo come? Measured while the character speaks.

Pure. The far signal and the microphone are correlated over windows of two seconds, with all frequencies given the
same weight (generalised cross-correlation with phase transform: Knapp and Carter, IEEE Trans. ASSP 24(4), 1976).
Speech is enough: no test sound is needed.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples

WINDOW_BLOCKS = 64
"""Blocks that are correlated: 2 s."""

MEASURE_EVERY_BLOCKS = 16
"""Blocks of far sound from one measurement to the next: half a second."""

FORGET = 0.7
"""Weight of all measurements before the latest."""

MIN_PEAK_TO_NOISE = 9.0
"""A peak so many times the correlation's own noise is an echo. Of 10,000 values of pure noise the largest is at 4."""

MAX_DEVIATION = to_samples(3)
"""Two measurements that agree so well speak of one delay; the second confirms the first."""

MIN_DELAY, MAX_DELAY = -to_samples(400), to_samples(1_200)
"""Delays that are looked for. Negative ones: the device says that its sound will be heard later than it is."""

EASY_FROM, EASY_TO = 0, to_samples(200)
"""Delays that AEC3 finds by itself."""

GOAL = to_samples(20)
"""Where other delays are brought."""

ABSENT = to_samples(3_000)
"""After so much far sound without any echo there is no path."""

MIN_HZ, MAX_HZ = 200, 4_000
"""Where speech has most of its energy, and small loudspeakers too."""

_SIZE = WINDOW_BLOCKS * BLOCK_SAMPLES
_FIRST_BIN, _LAST_BIN = (round(hertz * _SIZE / CLOCK_HZ) for hertz in (MIN_HZ, MAX_HZ))


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement.

    Attributes:
        delay: samples by which the microphone is behind the far signal.
        certainty: the correlation's peak in units of its noise.
    """

    delay: int
    certainty: float


class EchoDelayEstimator:
    """Watches one microphone and one loudspeaker.

    Args:
        present: whether an echo is to be expected before anything was measured.

    Attributes:
        present: there is an echo path, as far as is known.
        lead: how much further on the far signal should be asked for, so that the delay is one that AEC3 likes.
        delay: of the echo behind the far signal as it is asked for, in samples; None while it is not known.
        latest: the latest measurement.
    """

    def __init__(self, echo_present: bool = True):
        self.lead = 0
        self.reset(echo_present)

    def reset(self, echo_present: bool) -> None:
        """Another loudspeaker plays, or the microphone is another one."""
        self.echo_present = echo_present
        self.delay: int | None = None
        self.latest: Measured | None = None
        self._unheard = 0  # far samples since an echo was last heard
        self._clear()

    def push(self, near: Pcm, far: Pcm, audible: bool) -> None:
        """Show it the next block of both.

        Args:
            audible: there is something in ``far``.
        """
        self._near.append(near)
        self._far.append(far)
        if not audible or not near.any():  # a muted microphone proves nothing
            return
        self._unheard += BLOCK_SAMPLES
        self._due -= 1
        if self._due <= 0 and len(self._near) == WINDOW_BLOCKS:
            self._due = MEASURE_EVERY_BLOCKS
            self._measure()
        if self._unheard >= ABSENT:
            self.echo_present = False

    def apply_jump(self, by: int) -> int:
        """The echo comes ``by`` samples later than it did. The far signal follows, so that the delay stays the same.

        It cannot be asked for before it is played, so an echo that comes earlier than ever gets another delay.

        Returns:
            By how many samples later the far signal is asked for from now on.
        """
        before, self.lead = self.lead, min(self.lead - by, max(self.lead, 0))
        moved = self.lead - before
        if self.delay is not None:
            self.delay += by + moved
        self.latest = None
        self._clear()
        return moved

    def _clear(self) -> None:
        self._near: deque[Pcm] = deque(maxlen=WINDOW_BLOCKS)
        self._far: deque[Pcm] = deque(maxlen=WINDOW_BLOCKS)
        self._cross = np.zeros(_LAST_BIN, dtype=np.complex128)
        self._due = MEASURE_EVERY_BLOCKS

    def _measure(self) -> None:
        near, far = (np.fft.rfft(np.concatenate(pieces))[:_LAST_BIN] for pieces in (self._near, self._far))
        cross = near * np.conj(far)
        cross[:_FIRST_BIN] = 0
        self._cross = FORGET * self._cross + cross / np.maximum(np.abs(cross), 1e-12)
        before, self.latest = self.latest, _peak(self._cross)
        if self.latest.certainty < MIN_PEAK_TO_NOISE:
            return
        self._unheard = 0
        if before and abs(before.delay - self.latest.delay) <= MAX_DEVIATION:
            self.echo_present = True
            self._adjust(self.latest.delay)

    def _adjust(self, delay: int) -> None:
        self.delay = delay
        if not EASY_FROM <= delay <= EASY_TO:
            self.delay = GOAL
            self.lead -= delay - GOAL
            self.latest = None
            self._clear()


def _peak(cross: np.ndarray) -> Measured:
    """The delay at which the correlation is largest."""
    size = 2 * len(cross)  # at 8 kHz
    correlation = np.fft.irfft(cross, size)
    step = _SIZE // size
    reach = np.concatenate([correlation[MIN_DELAY // step :], correlation[: MAX_DELAY // step]])
    at = int(np.argmax(reach))
    noise = float(np.sqrt(np.mean(np.square(reach)))) + 1e-12
    return Measured(at * step + MIN_DELAY, float(reach[at]) / noise)
