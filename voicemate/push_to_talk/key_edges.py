"""Turns key events into edges: one press and one release for each time that the chord is held. Pure.

A key that is held repeats itself. An X server sends that as presses alone when asked to (detectable auto-repeat),
else as pairs of a release and a press with the same time stamp. The chord is held until its key comes up, whichever
modifiers come up before: fingers leave a chord in any order.

An event can be lost: to a screen that is locked, to sleep, to a program that takes the whole keyboard. So while the
chord is held, the listener polls the real key and reports it with ``on_poll``. A system that forbids that says that
every key is up; so "up" only counts for a key that was polled as down during this hold.
"""

from voicemate.push_to_talk.chord_listener import ChordPressed, ChordReleased

AUTO_REPEAT_MS = 1
"""In ms: a press so soon after a release is the key repeating itself. People need more than 20 ms."""


class KeyEdges:
    """The state of one chord. Call the methods in the order of events; each returns the edges, in order.

    Attributes:
        held: the chord is down.
    """

    def __init__(self) -> None:
        self.is_down = False
        self._seen_down = False
        self._released_at: int | None = None  # it came up, unless a press follows

    def on_press(self, at_ms: int) -> list[ChordPressed | ChordReleased]:
        """The chord's key went down with its modifiers, or repeats itself."""
        if self._released_at is not None and abs(at_ms - self._released_at) <= AUTO_REPEAT_MS:
            self._released_at = None
            return []
        told = self.flush()
        if self.is_down:
            return told
        self.is_down, self._seen_down = True, False
        return [*told, ChordPressed()]

    def on_release(self, at_ms: int) -> list[ChordPressed | ChordReleased]:
        """The chord's key came up, or repeats itself: ``settled`` tells which."""
        told = self.flush()
        if self.is_down:
            self._released_at = at_ms
        return told

    def flush(self) -> list[ChordPressed | ChordReleased]:
        """No press followed at once."""
        if self._released_at is None:
            return []
        self._released_at = None
        return self._up()

    def on_poll(self, down: bool) -> list[ChordPressed | ChordReleased]:
        """The real key was looked at."""
        if not self.is_down:
            return []
        lost = self._seen_down and not down
        self._seen_down = self._seen_down or down
        return self._up() if lost else []

    def close(self) -> list[ChordPressed | ChordReleased]:
        """Nothing more will come."""
        self._released_at = None
        return self._up() if self.is_down else []

    def _up(self) -> list[ChordPressed | ChordReleased]:
        self.is_down, self._released_at = False, None
        return [ChordReleased()]
