"""The last seconds of sound, by clock position."""

import numpy as np

from voicemate.audio.interfaces import Block
from voicemate.core.pcm import Pcm


class SoundRing:
    """Keeps the newest ``capacity`` samples of a stream without gaps and forgets the rest.

    Args:
        capacity: samples.
    """

    def __init__(self, capacity: int) -> None:
        self._kept = np.zeros(capacity, dtype=np.float32)
        self._began = 0
        self.ended = 0

    @property
    def began(self) -> int:
        """Clock position of the oldest sample that is kept."""
        return max(self._began, self.ended - len(self._kept))

    def push(self, block: Block) -> None:
        """Append ``block``. When it does not follow on the block before, what was kept is forgotten."""
        if block.at != self.ended:
            self._began = block.at
        place = block.at % len(self._kept)
        head = min(len(block.pcm), len(self._kept) - place)
        self._kept[place : place + head] = block.pcm[:head]
        self._kept[: len(block.pcm) - head] = block.pcm[head:]
        self.ended = block.end

    def audio(self, began: int, ended: int) -> Pcm:
        """A copy of the samples from ``began`` up to ``ended``, as far as they are kept."""
        places = np.arange(max(began, self.began), min(ended, self.ended)) % len(self._kept)
        return self._kept[places]
