"""The conversation's clock: 16 kHz samples since it began, on the microphone's own time.

Sample ``p`` of the clock is the moment at which the microphone's sample ``p`` was in the air. The microphone says
after every block where it stands; between blocks, and while no microphone is open, the loop's clock carries on.
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
    """Counts samples; belongs to the conversation's thread (only ``time`` may be called from others).

    Args:
        time: a monotonic time in seconds; the running loop's by default.
    """

    def __init__(self, time: Callable[[], float] | None = None):
        self.time = time or asyncio.get_running_loop().time
        self._sample = 0.0
        self._moment = self.time()
        self._latest = 0

    def now(self) -> int:
        """The present, in samples since the conversation began; never less than it said before."""
        self._latest = max(self._latest, round(self.sample_at(self.time())))
        return self._latest

    def anchor(self, sample: float, time: float) -> None:
        """The microphone tells that ``sample`` was in the air at ``moment`` (seconds on ``time``).

        A block that comes late, or a device that runs slower than its rate says, moves this back: ``now`` then
        stands still until the sound has caught up.
        """
        self._sample = sample
        self._moment = time

    def sample_at(self, time: float) -> float:
        """Where on the clock ``moment`` lies, in samples, as of the latest anchor."""
        return self._sample + (time - self._moment) * CLOCK_HZ

    def time_of(self, sample: float) -> float:
        """When ``sample`` is in the air, in seconds on ``time``, as of the latest anchor."""
        return self._moment + (sample - self._sample) / CLOCK_HZ
