"""Is there an echo path, and how late does the echo come? Measured while the character speaks.

Pure. The reference and the microphone's signal are correlated over windows of two seconds, with all frequencies given
the same weight (generalised cross-correlation with phase transform: Knapp and Carter, IEEE Trans. ASSP 24(4), 1976).
Speech is enough: no test signal is needed.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.core.pcm import CLOCK_HZ, Pcm, to_samples

WINDOW_BLOCKS = 64
"""Blocks that are correlated: 2 s."""

MEASURE_EVERY_BLOCKS = 16
"""Blocks of audible reference from one measurement to the next: half a second."""

DECAY = 0.7
"""Weight of all measurements before the latest."""

MIN_PEAK_TO_NOISE = 9.0
"""A peak this many times the correlation's own noise is an echo. Of 10,000 values of noise the largest is at 4."""

MAX_DEVIATION = to_samples(3)
"""Two measurements this close agree on one delay; the second confirms the first."""

MIN_DELAY, MAX_DELAY = -to_samples(400), to_samples(1_200)
"""Delays that are searched. Negative ones: the device reports that its audio will be heard later than it is."""

AEC_MIN_DELAY, AEC_MAX_DELAY = 0, to_samples(200)
"""Delays that AEC3 finds by itself."""

TARGET_DELAY = to_samples(20)
"""What other delays are moved to."""

ABSENT_AFTER = to_samples(3_000)
"""After this much audible reference without any echo there is no echo path."""

MIN_HZ, MAX_HZ = 200, 4_000
"""Where speech has most of its energy, and small speakers too."""

_SIZE = WINDOW_BLOCKS * BLOCK_SAMPLES
_MIN_BIN, _MAX_BIN = (round(hertz * _SIZE / CLOCK_HZ) for hertz in (MIN_HZ, MAX_HZ))


@dataclass(frozen=True, slots=True)
class DelayMeasurement:
    """One measurement.

    Attributes:
        delay: samples by which the microphone is behind the reference.
        certainty: the correlation's peak in units of its noise.
    """

    delay: int
    certainty: float


class EchoDelayEstimator:
    """Watches one microphone and one speaker.

    Args:
        echo_present: whether an echo is to be expected before anything was measured.

    Attributes:
        echo_present: there is an echo path, as far as is known.
        lead: by how many samples later the reference should be asked for, so that the delay is one that AEC3 finds.
        delay: of the echo behind the reference as it is asked for, in samples; None while it is not known.
        latest: the latest measurement.
    """

    def __init__(self, echo_present: bool = True) -> None:
        self.lead = 0
        self.reset(echo_present)

    def reset(self, echo_present: bool) -> None:
        """Start again: the speaker or the microphone is another one."""
        self.echo_present = echo_present
        self.delay: int | None = None
        self.latest: DelayMeasurement | None = None
        self._samples_without_echo = 0  # of audible reference
        self._clear()

    def push(self, near: Pcm, reference: Pcm, audible: bool) -> None:
        """Add the next block of both.

        Args:
            near: the microphone's.
            reference: the speaker's.
            audible: there is something in ``reference``.
        """
        self._near.append(near)
        self._reference.append(reference)
        if not audible or not near.any():  # a muted microphone proves nothing
            return
        self._samples_without_echo += BLOCK_SAMPLES
        self._blocks_to_measurement -= 1
        if self._blocks_to_measurement <= 0 and len(self._near) == WINDOW_BLOCKS:
            self._blocks_to_measurement = MEASURE_EVERY_BLOCKS
            self._measure()
        if self._samples_without_echo >= ABSENT_AFTER:
            self.echo_present = False

    def apply_jump(self, by: int) -> int:
        """The echo comes ``by`` samples later than it did. The lead follows, so that the delay stays the same.

        The reference cannot be asked for before it is played, so an echo that comes earlier than ever gets another
        delay.

        Returns:
            By how many samples later the reference is asked for from now on.
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
        self._reference: deque[Pcm] = deque(maxlen=WINDOW_BLOCKS)
        self._cross = np.zeros(_MAX_BIN, dtype=np.complex128)
        self._blocks_to_measurement = MEASURE_EVERY_BLOCKS

    def _measure(self) -> None:
        near, reference = (np.fft.rfft(np.concatenate(blocks))[:_MAX_BIN] for blocks in (self._near, self._reference))
        cross = near * np.conj(reference)
        cross[:_MIN_BIN] = 0
        self._cross = DECAY * self._cross + cross / np.maximum(np.abs(cross), 1e-12)
        before, self.latest = self.latest, _peak(self._cross)
        if self.latest.certainty < MIN_PEAK_TO_NOISE:
            return
        self._samples_without_echo = 0
        if before and abs(before.delay - self.latest.delay) <= MAX_DEVIATION:
            self.echo_present = True
            self._adjust(self.latest.delay)

    def _adjust(self, delay: int) -> None:
        self.delay = delay
        if not AEC_MIN_DELAY <= delay <= AEC_MAX_DELAY:
            self.delay = TARGET_DELAY
            self.lead -= delay - TARGET_DELAY
            self.latest = None
            self._clear()


def _peak(cross: NDArray[np.complex128]) -> DelayMeasurement:
    """The delay at which the correlation is largest."""
    size = 2 * len(cross)  # at 8 kHz
    correlation = np.fft.irfft(cross, size)
    step = _SIZE // size
    searched = np.concatenate([correlation[MIN_DELAY // step :], correlation[: MAX_DELAY // step]])
    at = int(np.argmax(searched))
    noise = float(np.sqrt(np.mean(np.square(searched)))) + 1e-12
    return DelayMeasurement(at * step + MIN_DELAY, float(searched[at]) / noise)
