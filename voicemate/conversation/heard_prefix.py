"""What of a reply has been heard, to the word.

The loudspeaker knows which sample is in the air; the ledger knows which words those samples belong to. History,
memory and the next prompt hold what it says was heard, never what was only planned.
"""

from dataclasses import dataclass

from voicemate.audio.interfaces import Span
from voicemate.tts.text.phrases import Phrase


@dataclass(frozen=True, slots=True)
class _Entry:
    phrase: Phrase
    span: Span


class HeardPrefix:
    """Phrases in the order they were queued, with their place in all that the loudspeaker plays."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._started = 0

    def add(self, phrase: Phrase, span: Span | None) -> None:
        """``phrase`` is queued at ``span``; None when it is not read out (it counts with what came before it)."""
        if span is None:
            end = self._entries[-1].span.end if self._entries else 0
            span = Span(end, end)
        self._entries.append(_Entry(phrase, span))

    def first_sample(self) -> int | None:
        """The first sample that belongs to the reply; None while nothing audible is queued."""
        return next((entry.span.start for entry in self._entries if entry.span.end > entry.span.start), None)

    def newly_started(self, position: int) -> list[Phrase]:
        """Phrases whose first sample has left the loudspeaker since the last call, at ``position``."""
        fresh = []
        while self._started < len(self._entries) and self._entries[self._started].span.start < position:
            fresh.append(self._entries[self._started].phrase)
            self._started += 1
        return fresh

    def up_to(self, position: int) -> str:
        """The text whose samples had all left the loudspeaker at ``position``; whole words only."""
        begin = self.first_sample()
        if begin is None or position <= begin:
            return ""
        parts = []
        for entry in self._entries:
            if position < entry.span.end:
                fraction = (position - entry.span.start) / (entry.span.end - entry.span.start)
                parts.append(entry.phrase.heard_text(max(0.0, fraction)))
                break
            parts.append(entry.phrase.text)
        return "".join(parts).strip()

    def between(self, begin: int, end: int) -> str:
        """The phrases of which some sample lies between two positions, as written and as read out."""
        aired = [entry.phrase for entry in self._entries if entry.span.start < end and entry.span.end > begin]
        written = " ".join("".join(phrase.text for phrase in aired).split())
        spoken = " ".join(" ".join(phrase.spoken for phrase in aired).split())
        return written if written == spoken else f"{written} {spoken}"
