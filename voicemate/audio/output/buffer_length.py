"""How long a speaker's buffer is: as short as this machine allows. Pure.

All of it is heard, as a longer gap before each reply. One busy minute asks for a longer one, and not for all day.
"""

CALM_S = 20.0
"""Playback without an underflow (s), some six replies, before a shorter buffer is tried,"""
MAX_CALM_S = 1_280.0
"""at first; twice as much each time that the shorter one underflowed, up to this."""


class BufferLength:
    """Twice as long when the device underflows, half as long when all is calm again.

    Args:
        min_s, max_s: the shortest and the longest buffer (s).

    Attributes:
        seconds: what to ask the device for (s).
    """

    def __init__(self, min_s: float, max_s: float) -> None:
        self.seconds = min_s
        self._min_s = min_s
        self._max_s = max_s
        self._calm_s = CALM_S
        self._played_s = 0.0
        self._shrunk = False  # and nothing has happened since
        self._underflows = 0

    def add_playback(self, seconds: float) -> None:
        """The device has played for ``seconds`` more."""
        self._played_s += seconds

    def grow_after_underflow(self, underflows: int) -> bool:
        """Make it longer if the device underflowed; returns whether it is longer now.

        Args:
            underflows: of the stream that is open; another call with the same number changes nothing.
        """
        if underflows == self._underflows:
            return False
        self._underflows, self._played_s = underflows, 0.0
        if self.seconds >= self._max_s:
            return False
        if self._shrunk:
            self._calm_s = min(2 * self._calm_s, MAX_CALM_S)
        self._set(min(2 * self.seconds, self._max_s), shrunk=False)
        return True

    def shrink_if_calm(self) -> bool:
        """Make it shorter if all was calm for long enough; returns whether it is shorter now."""
        if self.seconds <= self._min_s or self._played_s < self._calm_s:
            return False
        self._set(max(self.seconds / 2, self._min_s), shrunk=True)
        return True

    def _set(self, seconds: float, shrunk: bool) -> None:
        self.seconds, self._shrunk = seconds, shrunk
        self._played_s, self._underflows = 0.0, 0  # of another stream
