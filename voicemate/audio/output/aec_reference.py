"""What really left the speaker, on the sample clock: the reference signal of the echo canceller.

The output stream's callback writes what it hands over into a ring and records when it will be in the air. Those times
jitter by milliseconds, and so do the microphone's; the two devices' clocks may also run at slightly different speeds.
An echo canceller needs a reference that fits the microphone's signal to a fraction of a millisecond for seconds on
end, so the reader does not follow each timestamp: it reads on at its own speed, which a delay-locked loop holds to
the timestamps.
"""

import statistics
from collections import deque
from collections.abc import Callable

import numpy as np

from voicemate.audio.interfaces import AEC_REFERENCE_S, BLOCK_MS
from voicemate.audio.resampler import low_pass
from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.core.ring_buffer import RingBuffer

TIMESTAMPS = 64
"""Callbacks whose timestamps are used: more than a second."""

DLL_BANDWIDTH_HZ = 0.1
"""Of the delay-locked loop: it removes the jitter of single timestamps, and a drift of 100 ppm costs it 0.1 ms."""

OUTLIER_S = 0.01
"""A timestamp that is further off than this (s) is an outlier, until ``MAX_OUTLIERS`` of them follow each other."""

MAX_OUTLIERS = 4

MAX_DRIFT = 1e-3
"""Devices' clocks differ by 0.1% at most; what looks like more is a stream that stutters."""

PHASES = 64
"""Places between two device frames at which the signal can be read."""


class AecReferenceRing:
    """The last seconds of an output stream, mono, at its own rate. One thread writes, one reads, neither waits.

    Args:
        rate: frames a second.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._ring = RingBuffer(round(2 * AEC_REFERENCE_S * rate))  # half is the writer's to overwrite
        self._timestamps: deque[tuple[float, int]] = deque(maxlen=TIMESTAMPS)
        self.epoch = 0

    def write(self, mono: Pcm, time: float) -> None:
        """Add what was handed to the device; its first frame leaves the speaker at ``time`` (s). For the callback."""
        self._timestamps.append((time, self._ring.end))
        self._ring.write(mono)

    def restart(self) -> None:
        """The stream starts again after it was suspended. Only while nothing writes."""
        self._timestamps.clear()
        self._ring.silence()
        self.epoch += 1

    def frame_at(self, time: float, rate: float) -> float | None:
        """The frame that leaves the speaker at ``time`` (s); None when there are no timestamps.

        It is the median of what the latest timestamps say: on a busy machine bursts of them are wrong.

        Args:
            time: seconds.
            rate: frames a second of the clock that ``time`` is on.
        """
        timestamps = list(self._timestamps)  # at once, since the callback goes on adding to it
        if not timestamps:
            return None
        began = statistics.median(stamp - frame / rate for stamp, frame in timestamps)
        return (time - began) * rate

    def read(self, begin: int, end: int) -> Pcm:
        """Frames ``begin`` to ``end``; zeros for those that are not written yet, or no longer kept."""
        frames = np.zeros(end - begin, dtype=np.float32)
        written = self._ring.end
        first, last = max(begin, written - self._ring.capacity // 2, 0), min(end, written)
        if first < last:
            frames[first - begin : last - begin] = self._ring.read(first, last)
        return frames


class AecReference:
    """Reads a ring at the sample clock's speed. Belongs to the conversation's thread.

    The loop is the one of F. Adriaensen, "Using a DLL to filter time" (Linux Audio Conference 2005).

    Args:
        ring: of one output stream.
        time_of: when a clock position is in the air (s); see ``SampleClock.time_of``.
    """

    def __init__(self, ring: AecReferenceRing, time_of: Callable[[float], float]) -> None:
        self._ring = ring
        self._time_of = time_of
        self._taps = low_pass(ring.rate, PHASES)
        omega = 2 * np.pi * DLL_BANDWIDTH_HZ * BLOCK_MS / 1000
        self._phase_gain, self._rate_gain = np.sqrt(2) * omega, omega**2
        self._epoch = -1
        self._next_position = 0  # the clock position behind what was read last
        self._frame = 0.0  # where the ring goes on there
        self._step = self._block_step = ring.rate / CLOCK_HZ  # frames a clock sample: in the long run, in this block
        self._outliers = 0

    def read(self, begin: int, end: int) -> Pcm:
        """What left the speaker from clock position ``begin`` to ``end``; 16 kHz."""
        observed = self._ring.frame_at(self._time_of(begin), self._step * CLOCK_HZ)
        if observed is None:
            return np.zeros(end - begin, dtype=np.float32)
        if begin == self._next_position and self._epoch == self._ring.epoch:
            self._follow(observed, end - begin)
        else:
            self._jump(observed)
        frame, self._next_position = self._frame, end
        self._frame += (end - begin) * self._block_step
        return self._resampled(frame, end - begin)

    def _jump(self, observed: float) -> None:
        if self._epoch != self._ring.epoch:
            self._step = self._ring.rate / CLOCK_HZ
        self._epoch = self._ring.epoch
        self._frame, self._block_step, self._outliers = observed, self._step, 0

    def _follow(self, observed: float, n: int) -> None:
        """Let the loop pull towards what the timestamps say, within the next ``n`` samples and without a jump."""
        error = observed - self._frame
        self._block_step = self._step
        if abs(error) > OUTLIER_S * self._ring.rate:
            self._outliers += 1
            if self._outliers >= MAX_OUTLIERS:
                self._jump(observed)
            return
        self._outliers = 0
        nominal = self._ring.rate / CLOCK_HZ
        step = self._step + self._rate_gain * error / n
        self._step = min(max(step, nominal * (1 - MAX_DRIFT)), nominal * (1 + MAX_DRIFT))
        self._block_step = self._step + self._phase_gain * error / n

    def _resampled(self, frame: float, n: int) -> Pcm:
        half = self._taps.shape[1] // 2
        first = int(np.floor(frame)) - half
        frames = self._ring.read(first, first + int(n * self._block_step) + 2 * half + 3)
        if not frames.any():
            return np.zeros(n, dtype=np.float32)
        phases = np.rint((frame - half - first + np.arange(n) * self._block_step) * PHASES).astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(frames, self._taps.shape[1])
        return np.einsum("nt,nt->n", windows[phases // PHASES], self._taps[phases % PHASES])
