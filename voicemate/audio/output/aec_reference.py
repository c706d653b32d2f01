"""What really left the loudspeaker, on the microphone's clock: the far signal of the echo canceller.

The output stream's callback writes what it hands over into a ring and notes when it will be in the air. Those times
jitter by milliseconds, and so do the microphone's; the two devices' clocks may also run at slightly different speeds.
An echo canceller needs a signal that fits the microphone's to a fraction of a millisecond for seconds on end, so the
reader does not follow each note: it reads on at its own pace, which a delay-locked loop holds to the notes.
"""

import statistics
from collections import deque
from collections.abc import Callable

import numpy as np

from voicemate.audio.interfaces import AEC_REFERENCE_S, BLOCK_MS
from voicemate.audio.resampler import low_pass
from voicemate.core.pcm import CLOCK_HZ, Pcm

TIMESTAMPS = 64
"""Callbacks that are asked for the time: more than a second."""

LOOP_HZ = 0.1
"""Bandwidth of the loop: jitter of single notes is lost in it, and a drift of 100 ppm costs it 0.1 ms."""

STRAY_S = 0.01
"""A note that is further off than this is an outlier, until ``STRAYS`` of them follow each other."""

STRAYS = 4

LARGEST_DRIFT = 1e-3
"""Devices' clocks differ by 0.1% at most; what looks like more is a stream that stumbles."""

PHASES = 64
"""Places between two device frames at which the signal can be read."""


class AecReferenceRing:
    """The last seconds of an output stream, mono, at its own rate. One thread writes, one reads, neither waits.

    Args:
        rate: frames a second.
    """

    def __init__(self, rate: int):
        self.rate = rate
        self._samples = np.zeros(
            round(2 * AEC_REFERENCE_S * rate), dtype=np.float32
        )  # half is the writer's to overwrite
        self._notes: deque[tuple[float, int]] = deque(maxlen=TIMESTAMPS)
        self._written = 0
        self.epoch = 0

    def write(self, mono: Pcm, time: float) -> None:
        """Note what was handed to the device, and when its first frame leaves the loudspeaker (the callback's)."""
        size, n = len(self._samples), len(mono)
        begin = self._written % size
        head = min(n, size - begin)
        self._samples[begin : begin + head] = mono[:head]
        self._samples[: n - head] = mono[head:]
        self._notes.append((time, self._written))
        self._written += n

    def restart(self) -> None:
        """The stream starts anew after a rest; only while nobody writes."""
        self._notes.clear()
        self._samples[:] = 0
        self.epoch += 1

    def frame_at(self, time: float, rate: float) -> float | None:
        """The frame that leaves the loudspeaker at ``moment``; None when there are no notes.

        It is the median of what the latest notes say: on a busy machine bursts of them are wrong.

        Args:
            rate: frames a second of the clock that ``moment`` is on.
        """
        notes = list(self._notes)  # at once, since the callback goes on adding to it
        if not notes:
            return None
        began = statistics.median(noted - frame / rate for noted, frame in notes)
        return (time - began) * rate

    def read(self, begin: int, end: int) -> Pcm:
        """Frames ``begin`` to ``end``; zeros for those that are not written yet, or not kept any more."""
        frames = np.zeros(end - begin, dtype=np.float32)
        written, size = self._written, len(self._samples)
        first, last = max(begin, written - size // 2, 0), min(end, written)
        if first < last:
            at, n = first % size, last - first
            head = min(n, size - at)
            frames[first - begin : first - begin + head] = self._samples[at : at + head]
            frames[first - begin + head : last - begin] = self._samples[: n - head]
        return frames


class AecReference:
    """Reads a ring at the conversation's pace. Belongs to the conversation's thread.

    The loop is the one of F. Adriaensen, "Using a DLL to filter time" (Linux Audio Conference 2005).

    Args:
        ring: of one output stream.
        moment_of: when a clock position is in the air, in seconds (``SampleClock.moment_of``).
    """

    def __init__(self, ring: AecReferenceRing, moment_of: Callable[[float], float]):
        self._ring = ring
        self._moment_of = moment_of
        self._taps = low_pass(ring.rate, PHASES)
        omega = 2 * np.pi * LOOP_HZ * BLOCK_MS / 1000
        self._pull, self._learn = np.sqrt(2) * omega, omega**2
        self._epoch = -1
        self._next = 0  # the clock position behind what was read last
        self._frame = 0.0  # where the ring goes on there
        self._step = self._pace = ring.rate / CLOCK_HZ  # frames a clock sample: in the long run, and in this block
        self._strays = 0

    def read(self, begin: int, end: int) -> Pcm:
        """What left the loudspeaker from clock position ``begin`` to ``end``; 16 kHz."""
        seen = self._ring.frame_at(self._moment_of(begin), self._step * CLOCK_HZ)
        if seen is None:
            return np.zeros(end - begin, dtype=np.float32)
        if begin == self._next and self._epoch == self._ring.epoch:
            self._follow(seen, end - begin)
        else:
            self._jump(seen)
        frame, self._next = self._frame, end
        self._frame += (end - begin) * self._pace
        return self._resampled(frame, end - begin)

    def _jump(self, seen: float) -> None:
        if self._epoch != self._ring.epoch:
            self._step = self._ring.rate / CLOCK_HZ
        self._epoch = self._ring.epoch
        self._frame, self._pace, self._strays = seen, self._step, 0

    def _follow(self, seen: float, n: int) -> None:
        """Let the loop pull towards what the notes say, within the next ``n`` samples and without a jump."""
        error = seen - self._frame
        self._pace = self._step
        if abs(error) > STRAY_S * self._ring.rate:
            self._strays += 1
            if self._strays >= STRAYS:
                self._jump(seen)
            return
        self._strays = 0
        nominal = self._ring.rate / CLOCK_HZ
        step = self._step + self._learn * error / n
        self._step = min(max(step, nominal * (1 - LARGEST_DRIFT)), nominal * (1 + LARGEST_DRIFT))
        self._pace = self._step + self._pull * error / n

    def _resampled(self, frame: float, n: int) -> Pcm:
        half = self._taps.shape[1] // 2
        first = int(np.floor(frame)) - half
        frames = self._ring.read(first, first + int(n * self._pace) + 2 * half + 3)
        if not frames.any():
            return np.zeros(n, dtype=np.float32)
        phases = np.rint((frame - half - first + np.arange(n) * self._pace) * PHASES).astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(frames, self._taps.shape[1])
        return np.einsum("nt,nt->n", windows[phases // PHASES], self._taps[phases % PHASES])
