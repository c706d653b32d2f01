"""The sample clock: 16 kHz samples since the conversation began, on the microphone's own time.

Sample ``p`` of the clock is the time at which the microphone's sample ``p`` was in the air. The microphone anchors
the clock after every block; between blocks, and while no microphone is open, the event loop's clock carries it on.
On a loop with virtual time the sample clock is virtual too.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from voicemate.core.pcm import CLOCK_HZ


class Clock(Protocol):
    """Says where the conversation is."""

    def now(self) -> int:
        """Return the present, in samples since the conversation began."""
        ...


class SampleClock:
    """Counts samples. Belongs to the conversation's thread; other threads may call ``time`` only.

    Args:
        time: a monotonic time in seconds; the running loop's by default.
    """

    def __init__(self, time: Callable[[], float] | None = None) -> None:
        self.time = time or asyncio.get_running_loop().time
        self._anchor_sample = 0.0
        self._anchor_time = self.time()
        self._latest = 0

    def now(self) -> int:
        """The present, in samples since the conversation began. Never decreases."""
        self._latest = max(self._latest, round(self.sample_at(self.time())))
        return self._latest

    def anchor(self, sample: float, time: float) -> None:
        """Set the clock: ``sample`` was in the air at ``time`` (s).

        A block that comes late, or a device that is slower than its nominal rate, sets the clock back: ``now`` then
        stands still until the microphone has caught up.
        """
        self._anchor_sample = sample
        self._anchor_time = time

    def sample_at(self, time: float) -> float:
        """The clock position (samples) of ``time`` (s), as of the latest anchor."""
        return self._anchor_sample + (time - self._anchor_time) * CLOCK_HZ

    def time_of(self, sample: float) -> float:
        """When ``sample`` is in the air (s), as of the latest anchor."""
        return self._anchor_time + (sample - self._anchor_sample) / CLOCK_HZ
