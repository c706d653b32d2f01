"""Decodes a reply's tokens to text that may be spoken, and finds where the reply ends."""

import codecs
import re
from collections.abc import Sequence

_SENTENCE_END = re.compile(
    # A full stop counts only after two lower-case letters, so that "Dr.", "e.g." and "3." end nothing. Other marks
    # that end sentences (CJK, Devanagari, Arabic) stand for nothing else.
    r"(?:[^\W\d_A-Z]{2}\.{1,3}|[!?…。！？।؟])[\"'”’)\]」』]*\s*$"
)
_TAIL_CHARS = 24
"""Characters at the end of the text that ``at_sentence_end`` looks at."""


class ReplyText:
    """The text of one reply, released piece by piece as soon as each piece is certain.

    Bytes of an incomplete character are held back, and so is what may be the start of a marker. White space before
    the first word and bytes that are not UTF-8 are dropped. Not thread-safe.

    Args:
        markers: texts of the chat template, such as ``<|im_end|>``, which small models now and then write out as
            ordinary words. The reply ends before the first one.

    Attributes:
        ended: a marker was found, or ``finish`` was called.
    """

    def __init__(self, markers: Sequence[str] = ()) -> None:
        self._markers = tuple(marker for marker in markers if marker)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._held = ""
        self._tail = ""
        self.ended = False

    def add(self, piece: bytes) -> str:
        """Add one token's bytes; return the text that is certain now, which may be empty."""
        if self.ended:
            return ""
        self._held += self._decoder.decode(piece)
        found = [place for marker in self._markers if (place := self._held.find(marker)) >= 0]
        if found:
            self.ended = True
            return self._release(min(found))
        return self._release(len(self._held) - self._possible_marker_length())

    def finish(self) -> str:
        """Return the text that was held back; called when the model has ended its reply."""
        if self.ended:
            return ""
        self.ended = True
        return self._release(len(self._held))

    @property
    def empty(self) -> bool:
        """Only white space has come so far."""
        return not self._tail and not self._held.strip()

    @property
    def at_sentence_end(self) -> bool:
        """The text released so far ends with a complete sentence."""
        return not self._held and bool(_SENTENCE_END.search(self._tail))

    def _possible_marker_length(self) -> int:
        """Return how many characters at the end of the held text may be the start of a marker."""
        longest = 0
        for marker in self._markers:
            for length in range(min(len(marker) - 1, len(self._held)), longest, -1):
                if self._held.endswith(marker[:length]):
                    longest = length
                    break
        return longest

    def _release(self, length: int) -> str:
        text, self._held = self._held[:length], self._held[length:]
        if not self._tail:
            text = text.lstrip()
        self._tail = (self._tail + text)[-_TAIL_CHARS:]
        return text


def soft_token_limit(max_tokens: int) -> int:
    """Return the token of a reply from which on the end of a sentence ends it.

    A reply that is cut off in mid-sentence sounds broken, and its pieces are already spoken by then. So a reply near
    its limit of ``max_tokens`` ends with the first sentence that ends in its last part: a quarter, or 40 tokens (a
    long sentence), whichever is more, but never more than half.
    """
    return max_tokens - min(max_tokens // 2, max(max_tokens // 4, 40))
