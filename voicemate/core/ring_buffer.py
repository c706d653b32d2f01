"""The newest samples of a stream, by position."""

import numpy as np

from voicemate.core.pcm import Pcm


class RingBuffer:
    """Keeps the newest ``capacity`` samples of a stream and overwrites the oldest.

    Positions count samples from the beginning of the stream. One thread may write while another one reads, without a
    lock: ``write`` publishes ``end`` after the samples are in place. Such a reader must leave the writer room, that
    is, keep away from the oldest samples; half of the capacity is ample.

    Args:
        capacity: samples.

    Attributes:
        end: the position behind the newest sample.
    """

    def __init__(self, capacity: int) -> None:
        self._samples = np.zeros(capacity, dtype=np.float32)
        self._start = 0
        self.end = 0

    @property
    def capacity(self) -> int:
        """How many samples are kept at most."""
        return len(self._samples)

    @property
    def begin(self) -> int:
        """The position of the oldest sample that is kept."""
        return max(self._start, self.end - len(self._samples))

    def write(self, pcm: Pcm) -> None:
        """Append ``pcm``, which must not be longer than the capacity. Copies, and allocates no sample memory."""
        at = self.end % len(self._samples)
        head = min(len(pcm), len(self._samples) - at)
        self._samples[at : at + head] = pcm[:head]
        if head < len(pcm):
            self._samples[: len(pcm) - head] = pcm[head:]
        self.end += len(pcm)

    def read(self, begin: int, end: int) -> Pcm:
        """A copy of the samples from ``begin`` up to ``end``, as far as they are kept."""
        first, last = max(begin, self.begin), min(end, self.end)
        count = max(0, last - first)
        at = first % max(1, len(self._samples))
        head = min(count, len(self._samples) - at)
        return np.concatenate([self._samples[at : at + head], self._samples[: count - head]])

    def restart(self, position: int) -> None:
        """Drop everything; the next sample that is written has ``position``. Only while no other thread reads."""
        self._start = self.end = position

    def silence(self) -> None:
        """Overwrite everything that is kept with zeros. Only while no other thread writes."""
        self._samples[:] = 0
