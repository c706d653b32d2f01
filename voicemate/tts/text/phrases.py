"""Splits a reply into phrases, the unit of synthesis, while it streams in.

    pieces ──> markup (plain text) ──> boundaries (phrase ends) ──> normalization (spoken text)

Every step waits until it can decide and never revises a decision. So the phrases depend on the text alone and not on
the pieces in which it came, and their texts together are the text.
"""

from bisect import bisect_right
from dataclasses import dataclass

from voicemate.tts.normalization.rules import SpokenToken
from voicemate.tts.normalization.spoken_text import normalize, spoken_text
from voicemate.tts.text.boundaries import BoundaryStrength, PhraseEnd, PhraseEndFinder
from voicemate.tts.text.duration import LETTER_S, is_han, pause_seconds, spoken_seconds
from voicemate.tts.text.markup import MarkupReader
from voicemate.tts.trim import pause_after_ms

_OPENING = "(（[【{“‘「『《<"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of a reply that is synthesized as one.

    Attributes:
        text: as the language model wrote it, including spaces.
        spoken: as the synthesizer gets it; empty without words.
        word_ends: for each word, in order: the share of the sound at its end, and the length of ``text`` up to its
            end, including punctuation without a space.
    """

    text: str
    spoken: str
    word_ends: tuple[tuple[float, int], ...] = ()

    def heard_text(self, fraction: float) -> str:
        """Return the part of ``text`` whose words have been heard to their end.

        An estimate: the sound is divided among the spoken words by their letters, with a pause at each mark (see
        ``duration`` and ``trim.pause_after_ms``). A written ``10:30`` counts when all its spoken words were heard.
        For its error see docs/measurements/voices.md.

        Args:
            fraction: of the phrase's sound that the speaker has played; 0 gives "", 1 the whole text.
        """
        if fraction >= 1:
            return self.text
        if fraction <= 0:
            return ""
        passed = bisect_right(self.word_ends, fraction, key=lambda mark: mark[0])
        return self.text[: self.word_ends[passed - 1][1]] if passed else ""


class PhraseSplitter:
    """Splits a stream of text into phrases: a short first one as soon as possible, then sentences.

    One splitter is for one reply. Not thread-safe.

    Args:
        language: ISO 639 code of the text, two or three letters.
        keep_narration: speak the narration between asterisks too (see ``MarkupReader``).
    """

    def __init__(self, language: str, keep_narration: bool = False) -> None:
        self._language = language
        self._keep_narration = keep_narration
        self._markup = MarkupReader(keep_narration)
        self._endings = PhraseEndFinder()
        self._source = ""  # source text in no phrase yet, and its plain text
        self._plain = ""
        self._ends: list[int] = []  # for each character of _plain: where in the whole source it ends
        self._taken_chars = 0  # source characters in phrases

    def feed(self, piece: str) -> list[Phrase]:
        """Add ``piece``; return the phrases that it completes."""
        self._source += piece
        plain = self._add(*self._markup.feed(piece))
        return [self._take_phrase(ending) for ending in self._endings.feed(plain)]

    def finish(self) -> list[Phrase]:
        """Return the rest, now that the reply is complete; text after the last words is a silent phrase.

        A reply that consists of narration (``*She is happy to see you.*``) is spoken after all: silence would be a
        worse answer.
        """
        reply = self._source if self._taken_chars == 0 else ""
        plain = self._add(*self._markup.finish())
        phrases = [self._take_phrase(ending) for ending in (*self._endings.feed(plain), *self._endings.finish())]
        if self._source:
            phrases.append(Phrase(self._source, ""))
            self._source = ""
        if reply and not self._keep_narration and not any(phrase.spoken for phrase in phrases):
            narrator = PhraseSplitter(self._language, keep_narration=True)
            return narrator.feed(reply) + narrator.finish()
        return phrases

    def _add(self, plain: str, ends: list[int]) -> str:
        self._plain += plain
        self._ends += ends
        return plain

    def _take_phrase(self, ending: PhraseEnd) -> Phrase:
        length = ending.length
        plain, ends = self._plain[:length], [end - self._taken_chars for end in self._ends[:length]]
        self._plain, self._ends = self._plain[length:], self._ends[length:]
        text, self._source = self._source[: ends[-1]], self._source[ends[-1] :]
        self._taken_chars += len(text)
        read = normalize(plain, self._language)
        spoken = spoken_text(
            read, self._language, continues=ending.strength in (BoundaryStrength.WORD, BoundaryStrength.GAP)
        )
        return Phrase(text, spoken, _word_ends(plain, ends, read, pause_after_ms(spoken) / 1000))


def _word_ends(plain: str, ends: list[int], read: list[SpokenToken], silence: float) -> tuple[tuple[float, int], ...]:
    """Return the share of the sound at the end of each word, and the length of the text up to there.

    Args:
        plain: the phrase without markup.
        ends: for each character of ``plain``, where in the phrase's text it ends.
        read: the tokens of ``plain``.
        silence: seconds of it after the last word in the sound.
    """
    marks: list[tuple[float, int]] = []
    time = pause = 0.0
    for token in read:
        if not token.is_word:
            pause = max(pause, pause_seconds(token.spoken))
            continue
        time += max(spoken_seconds(token.spoken), LETTER_S) + (pause if marks else 0.0)
        pause = 0.0
        if not _inside_a_word(plain, token.end):
            marks.append((time, ends[_with_trailing_punctuation(plain, token.end) - 1]))
    return tuple((at / (time + silence), end) for at, end in marks)


def _inside_a_word(plain: str, place: int) -> bool:
    before, after = plain[place - 1], plain[place : place + 1]
    return before.isalnum() and after.isalnum() and not is_han(before) and not is_han(after)


def _with_trailing_punctuation(plain: str, end: int) -> int:
    """Return ``end`` moved past the punctuation that follows without a space."""
    while end < len(plain) and not (plain[end].isspace() or plain[end].isalnum() or plain[end] in _OPENING):
        end += 1
    return end
