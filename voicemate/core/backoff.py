"""How long to wait before the next attempt. Pure."""

import math


class Backoff:
    """Delays that double from ``first_s`` to ``max_s``, one for each attempt that failed.

    Args:
        first_s, max_s: the shortest and the longest delay (s).
        recovered_after_s: what has worked for this long (s) has recovered, and the delays start again.

    Attributes:
        attempts: attempts since the last reset.
    """

    def __init__(self, first_s: float = 1.0, max_s: float = 30.0, recovered_after_s: float = 10.0) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._recovered_after_s = recovered_after_s
        self._most_doublings = max(0, math.ceil(math.log2(max_s / first_s)))
        self.attempts = 0

    @property
    def delay_s(self) -> float:
        """The delay after the latest attempt (s); the first one before any."""
        doublings = min(max(0, self.attempts - 1), self._most_doublings)
        return min(self._first_s * 2**doublings, self._max_s)

    def attempt(self) -> None:
        """Count one more attempt."""
        self.attempts += 1

    def next_delay(self, worked_s: float = 0.0) -> float:
        """Count a failure and return the delay until the next attempt (s).

        Args:
            worked_s: how long it had worked before it failed.
        """
        if worked_s >= self._recovered_after_s:
            self.reset()
        self.attempt()
        return self.delay_s

    def reset(self) -> None:
        """Start again with the first delay."""
        self.attempts = 0

    def saturate(self) -> None:
        """Go to the longest delay at once: nothing suggests that an earlier attempt would help."""
        self.attempts = 1 + self._most_doublings
