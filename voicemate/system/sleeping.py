"""How long the machine has slept, by two of its clocks: one that goes on in sleep and one that does not.

Unlike a jump of the wall clock, this is not fooled by somebody who sets that.
"""

import sys
import time
from collections.abc import Callable

CLOCKS = (
    ("CLOCK_UPTIME_RAW", "CLOCK_MONOTONIC") if sys.platform == "darwin" else ("CLOCK_MONOTONIC", "CLOCK_BOOTTIME")
)
"""The one that stands still in sleep, and the one that does not (clock_gettime(2) of both systems)."""

NOTICED_S = 1.0
"""Less is how unevenly two clocks are read."""


def system_clock(name: str) -> Callable[[], float]:
    """Seconds on one of the system's clocks; standing still where there is no such clock."""
    clock = getattr(time, name, None)
    return (lambda: 0.0) if clock is None else (lambda: time.clock_gettime(clock))


class SleepDetector:
    """Counts the machine's sleep.

    Args:
        awake: seconds on a clock that stands still in sleep; the system's when left out.
        whole: on one that does not.
    """

    def __init__(self, awake: Callable[[], float] | None = None, whole: Callable[[], float] | None = None):
        self._awake = awake or system_clock(CLOCKS[0])
        self._whole = whole or system_clock(CLOCKS[1])
        self._asleep = self._whole() - self._awake()

    def seconds_slept(self) -> float:
        """Seconds slept since the last call, or since the beginning; 0.0 for what is no sleep."""
        before, self._asleep = self._asleep, self._whole() - self._awake()
        seconds = self._asleep - before
        return seconds if seconds >= NOTICED_S else 0.0
