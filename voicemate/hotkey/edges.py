"""Key events to edges: one ``Down`` and one ``Up`` for each time that the chord is held. Pure.

A key that is held repeats itself. An X server sends that as presses alone when asked to (detectable auto-repeat),
else as pairs of a release and a press with the same time stamp. The chord is held until its key comes up, whatever
becomes of its modifiers: fingers leave a chord in any order.

An event can be lost: to a screen that is locked, to sleep, to a program that takes the whole keyboard. So while the
chord is held, somebody looks at the real key now and then, and what they see is told with ``seen``. A system that
does not let us look says that every key is up; so "up" is only believed of a key that was seen down during this hold.
"""

from voicemate.hotkey.reports import Down, Up

SAME_MS = 1
"""A press that comes so soon after a release is the key repeating itself. People need more than 20 ms."""


class Edges:
    """Feed it in the order in which things happened; every method returns what is to be told, in order.

    Attributes:
        held: the chord is down.
    """

    def __init__(self) -> None:
        self.held = False
        self._seen_down = False
        self._released_at: int | None = None  # it came up, unless a press follows

    def pressed(self, at_ms: int) -> list[Down | Up]:
        """The chord's key went down with its modifiers, or repeats itself."""
        if self._released_at is not None and abs(at_ms - self._released_at) <= SAME_MS:
            self._released_at = None
            return []
        told = self.settled()
        if self.held:
            return told
        self.held, self._seen_down = True, False
        return [*told, Down()]

    def released(self, at_ms: int) -> list[Down | Up]:
        """The chord's key came up, or repeats itself: ``settled`` tells which."""
        told = self.settled()
        if self.held:
            self._released_at = at_ms
        return told

    def settled(self) -> list[Down | Up]:
        """No press followed at once."""
        if self._released_at is None:
            return []
        self._released_at = None
        return self._up()

    def seen(self, down: bool) -> list[Down | Up]:
        """The real key was looked at."""
        if not self.held:
            return []
        lost = self._seen_down and not down
        self._seen_down = self._seen_down or down
        return self._up() if lost else []

    def ended(self) -> list[Down | Up]:
        """Nothing more will come."""
        self._released_at = None
        return self._up() if self.held else []

    def _up(self) -> list[Down | Up]:
        self.held, self._released_at = False, None
        return [Up()]
