"""How long to wait before trying again what is missing. Pure."""

FIRST_S = 1.0
LONGEST_S = 30.0
STEADY_S = 10.0
"""What has worked for this long has recovered: the waits begin anew."""


class Backoff:
    """Waits that double from ``FIRST_S`` to ``LONGEST_S``."""

    def __init__(self) -> None:
        self._next = FIRST_S

    def after(self, worked_s: float) -> float:
        """Seconds to wait after something failed that had worked for ``worked_s``."""
        if worked_s >= STEADY_S:
            self._next = FIRST_S
        wait, self._next = self._next, min(LONGEST_S, 2 * self._next)
        return wait
