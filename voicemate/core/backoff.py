"""How long to wait before trying again what is missing. Pure."""

FIRST_DELAY_S = 1.0
MAX_DELAY_S = 30.0
RECOVERED_AFTER_S = 10.0
"""What has worked for this long has recovered: the waits begin anew."""


class Backoff:
    """Waits that double from ``FIRST_S`` to ``LONGEST_S``."""

    def __init__(self) -> None:
        self._next = FIRST_DELAY_S

    def next_delay(self, worked_s: float) -> float:
        """Seconds to wait after something failed that had worked for ``worked_s``."""
        if worked_s >= RECOVERED_AFTER_S:
            self._next = FIRST_DELAY_S
        wait, self._next = self._next, min(MAX_DELAY_S, 2 * self._next)
        return wait
