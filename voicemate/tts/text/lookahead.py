"""A reading position with bounded lookahead in a text that is still streaming in."""


class NeedMoreError(Exception):
    """The text so far does not decide it: try again when there is more."""


class Lookahead:
    """A reading position in a growing text.

    Offsets count from the reading position. A look beyond the text so far raises ``NeedMoreError``, and nothing else
    depends on how much text there is. So decisions do not depend on the pieces in which the text came. Not
    thread-safe.
    """

    _MAX_CONSUMED = 4096  # characters kept before the reading position

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._dropped = 0
        self._final = False

    def feed(self, piece: str) -> None:
        """Append ``piece`` to the text."""
        self._text += piece

    def finish(self) -> None:
        """Mark the text as complete."""
        self._final = True

    def __bool__(self) -> bool:
        """Return whether there is unread text."""
        return self._at < len(self._text)

    @property
    def position(self) -> int:
        """The reading position in the whole text."""
        return self._dropped + self._at

    def advance(self, count: int) -> None:
        """Move the reading position by ``count`` characters."""
        self._at += count
        if self._at > self._MAX_CONSUMED:
            kept = self._at - 1
            self._text, self._at, self._dropped = self._text[kept:], 1, self._dropped + kept

    def previous(self) -> str:
        """Return the character before the reading position; empty at the start."""
        return self._text[self._at - 1] if self._at else ""

    def peek(self, offset: int = 0) -> str:
        """Return the character at ``offset``; empty after the end of the text."""
        place = self._at + offset
        if place < len(self._text):
            return self._text[place]
        if self._final:
            return ""
        raise NeedMoreError

    def slice(self, start: int, end: int) -> str:
        """Return the text from ``start`` to ``end``, which must have been read already."""
        return self._text[self._at + start : self._at + end]

    def run_end(self, characters: str, start: int, limit: int) -> int:
        """Return the end of the run of ``characters`` at ``start``, at most ``limit`` characters later."""
        end = start
        while end - start < limit and (character := self.peek(end)) and character in characters:
            end += 1
        return end

    def find(self, wanted: str, start: int, limit: int) -> int:
        """Return the offset of ``wanted`` on this line, between ``start`` and ``limit``; -1 without one."""
        place = self._text.find(wanted, self._at + start, self._at + limit)
        line_end = self._text.find("\n", self._at + start, self._at + limit)
        if place >= 0 and not 0 <= line_end < place:
            return place - self._at
        if line_end >= 0 or self._final or len(self._text) >= self._at + limit:
            return -1
        raise NeedMoreError

    def skip_until(self, wanted: str) -> tuple[int, bool]:
        """Return how many characters can be skipped in search of ``wanted``, and whether it ends there.

        The only method whose result depends on the pieces: it is for text that is not spoken.
        """
        place = self._text.find(wanted, self._at)
        if place >= 0:
            return place + len(wanted) - self._at, True
        certain = len(self._text) - self._at - (0 if self._final else len(wanted) - 1)
        if certain <= 0:
            raise NeedMoreError
        return certain, False
