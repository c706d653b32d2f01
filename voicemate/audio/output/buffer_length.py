"""How long a loudspeaker's buffer is: as short as this machine lets it be. Pure.

All of it is heard, as a longer gap before each reply. One busy minute asks for a longer one, and not for all day.
"""

CALM_S = 20.0
"""Sound that was heard whole, some six replies, before a shorter buffer is tried,"""
LONGEST_CALM_S = 1_280.0
"""at first; twice as much each time that the shorter one ran dry, up to this."""


class BufferLength:
    """Twice as long when the device runs dry, half as long when all is calm again.

    Args:
        shortest_s, longest_s: between which it stays.

    Attributes:
        seconds: what to ask the device for.
    """

    def __init__(self, min_s: float, max_s: float) -> None:
        self.seconds = min_s
        self._shortest_s = min_s
        self._longest_s = max_s
        self._calm_s = CALM_S
        self._sounded_s = 0.0
        self._tried = False  # it was made shorter, and nothing has happened since
        self._seen = 0

    def add_playback(self, seconds: float) -> None:
        """The device has played for so long."""
        self._sounded_s += seconds

    def grow_after_underflow(self, times: int) -> bool:
        """Whether it has to be longer now.

        Args:
            times: how often the stream that is open ran dry; asked again with the same number nothing changes.
        """
        if times == self._seen:
            return False
        self._seen, self._sounded_s = times, 0.0
        if self.seconds >= self._longest_s:
            return False
        if self._tried:
            self._calm_s = min(2 * self._calm_s, LONGEST_CALM_S)
        self._become(min(2 * self.seconds, self._longest_s), tried=False)
        return True

    def shrink_if_calm(self) -> bool:
        """Whether it may be shorter now."""
        if self.seconds <= self._shortest_s or self._sounded_s < self._calm_s:
            return False
        self._become(max(self.seconds / 2, self._shortest_s), tried=True)
        return True

    def _become(self, seconds: float, tried: bool) -> None:
        self.seconds, self._tried = seconds, tried
        self._sounded_s, self._seen = 0.0, 0  # of another stream
