"""Finds where a phrase ends.

The first phrase of a reply ends as early as it makes sense alone, at a comma if need be, since the person is waiting.
Later phrases are whole sentences: they sound better, and there is time while the phrase before is playing. Every
mark in the text has a strength, and every strength a minimum length (in estimated seconds of speech) from which on it
ends a phrase; that is the whole rule.
"""

import re
from dataclasses import dataclass
from enum import Enum

from voicemate.tts.text.duration import is_han, spoken_seconds
from voicemate.tts.text.lookahead import NeedMoreError
from voicemate.tts.text.word_lists import (
    ABBREVIATED_BEFORE_NUMBERS,
    CHINESE_CONJUNCTIONS,
    NEVER_LAST,
    NO_PAUSE_AFTER,
    PAUSE_BEFORE,
    RARELY_LAST,
    TITLES,
)


class BoundaryStrength(Enum):
    """How suitable a place is for the end of a phrase, best first."""

    LINE = "the end of a line"
    SENTENCE = "the end of a sentence"
    SECTION = "; : — …"
    CLAUSE = "a comma"
    ITEM = "、 or a comma before a number"
    WORD = "before a word that begins something new"
    GAP = "between any two words"


MIN_FIRST_S = {
    BoundaryStrength.LINE: 0.0,
    BoundaryStrength.SENTENCE: 0.0,
    BoundaryStrength.SECTION: 0.4,
    BoundaryStrength.CLAUSE: 0.4,
    BoundaryStrength.ITEM: 2.0,
    BoundaryStrength.WORD: 1.5,
    BoundaryStrength.GAP: 3.0,
}
"""Minimum seconds of speech before a mark of each strength that ends a *first* phrase. 0.4 is two or three words:
"I'm sorry," is spoken at once, "Well," waits for what follows; 1.5 is five or six words without a comma, and each
word more delays the reply."""
MIN_LATER_S = {
    BoundaryStrength.LINE: 0.0,
    BoundaryStrength.SENTENCE: 0.55,
    BoundaryStrength.SECTION: 3.0,
    BoundaryStrength.CLAUSE: 5.5,
    BoundaryStrength.ITEM: 5.5,
    BoundaryStrength.WORD: 8.0,
    BoundaryStrength.GAP: 11.0,
}
"""The same for all later phrases: very short sentences join the next one, very long ones are divided."""
FIRST_PHRASES_S = 1.2
"""Seconds of speech until which phrases count as first: "Yes." leaves too little time for a long next one."""
MAX_PHRASE_CHARS = 400
"""Characters of the longest phrase."""
_MAX_WORD_CHARS = 24

_ENDERS = ".!?…。！？"
_CLAUSE_MARKS = {",": BoundaryStrength.CLAUSE, ";": BoundaryStrength.SECTION, ":": BoundaryStrength.SECTION}
_WIDE_MARKS = {
    "，": BoundaryStrength.CLAUSE,
    "、": BoundaryStrength.ITEM,
    "；": BoundaryStrength.SECTION,
    "：": BoundaryStrength.SECTION,
}
_DASHES = "—–"
_CLOSERS = "\"'”’)]}»」』）】》"
_HAN_PARTICLES = "了吗呢吧啊呀嘛啦"
_NOT_AFTER_PARTICLE = "解不"  # 了解, 了不起
_HAN_CANDIDATES = _HAN_PARTICLES + "".join(sorted({word[0] for word in CHINESE_CONJUNCTIONS}))
_CANDIDATE = re.compile(rf"[{_ENDERS},;:，、；：{_DASHES}\s{_HAN_CANDIDATES}]")

_DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_LAST_WORD = re.compile(r"(?:[^\W\d_]\.){1,4}[^\W\d_]{1,2}$|[^\W\d_]{1,8}$")
_INITIAL = re.compile(r"(?:^|[(\"“']|[.!?…]\s|(?<!\w)[A-Z]\.|(?<!\w)[A-Z][\w'’-]*\s)[A-Z]$")
_ADDRESS = re.compile(r"(?:www\.|://|@)\S*$")
_WORD_BEFORE = re.compile(r"[^\W\d_]+$")


@dataclass(frozen=True, slots=True)
class PhraseEnd:
    """The end of a phrase, after ``length`` characters, at a mark of ``strength``."""

    length: int
    strength: BoundaryStrength


class PhraseEndFinder:
    """Finds the ends of phrases in plain text that streams in. Not thread-safe.

    The result depends on the text alone, not on the pieces in which it came.
    """

    def __init__(self) -> None:
        self._text = ""  # since the last ending
        self._scanned = 0
        self._scanned_seconds = 0.0  # of the text that was scanned
        self._emitted_seconds = 0.0  # seconds of the phrases that have ended
        self._final = False

    def feed(self, plain: str) -> list[PhraseEnd]:
        """Add ``plain``; return the phrase ends that are certain now, each relative to the one before."""
        self._text += plain
        endings: list[PhraseEnd] = []
        while ending := self._next():
            endings.append(ending)
            self._emitted_seconds += spoken_seconds(self._text[: ending.length])
            self._text = self._text[ending.length :]
            self._scanned, self._scanned_seconds = 0, 0.0
        return endings

    def finish(self) -> list[PhraseEnd]:
        """Return the last phrase ends, now that the text is complete; no words follow them."""
        self._final = True
        endings = self.feed("")
        if _has_words(self._text):
            endings.append(PhraseEnd(len(self._text), BoundaryStrength.LINE))
        return endings

    def _next(self) -> PhraseEnd | None:
        while True:
            found = _CANDIDATE.search(self._text, self._scanned)
            place = found.start() if found else len(self._text)
            if place >= MAX_PHRASE_CHARS:
                return PhraseEnd(MAX_PHRASE_CHARS, BoundaryStrength.GAP)
            self._advance(place)
            if not found:
                return None
            try:
                end, strength = self._classify(place)
            except NeedMoreError:
                return None
            if strength is not None and self._long_enough(end, strength):
                return PhraseEnd(end, strength)
            self._advance(max(end, place + 1))

    def _advance(self, place: int) -> None:
        self._scanned_seconds += spoken_seconds(self._text[self._scanned : place])
        self._scanned = max(place, self._scanned)

    def _long_enough(self, end: int, strength: BoundaryStrength) -> bool:
        needed = (MIN_FIRST_S if self._emitted_seconds < FIRST_PHRASES_S else MIN_LATER_S)[strength]
        return self._scanned_seconds >= needed and _has_words(self._text[:end])

    def _char_at(self, place: int) -> str:
        """Return the character at ``place``; empty after the end of the text."""
        if place < len(self._text):
            return self._text[place]
        if self._final:
            return ""
        raise NeedMoreError

    def _run(self, place: int, characters: str) -> int:
        """Return the end of the run of ``characters`` that starts at ``place``."""
        end = place
        while end - place < MAX_PHRASE_CHARS and (character := self._char_at(end)) and character in characters:
            end += 1
        return end

    def _after_spaces(self, place: int) -> int:
        return self._run(place, " ")

    def _classify(self, place: int) -> tuple[int, BoundaryStrength | None]:
        """Return where a phrase would end at the candidate, and the strength; None when it cannot end there."""
        mark = self._text[place]
        if mark == "\n":
            return place + 1, BoundaryStrength.LINE
        if mark in _ENDERS:
            return self._sentence(place)
        if mark in _CLAUSE_MARKS or mark in _WIDE_MARKS or mark in _DASHES:
            return self._clause(place, mark)
        if mark == " ":
            return self._gap(place)
        return self._han(place, mark)

    def _sentence(self, place: int) -> tuple[int, BoundaryStrength | None]:
        marks_end = self._run(place, _ENDERS)
        marks = self._text[place:marks_end]
        end = self._run(marks_end, _CLOSERS)
        following = self._after_spaces(end)
        after = self._char_at(following)
        if marks[-1] in "。！？":
            return following, BoundaryStrength.SENTENCE
        dots = marks.strip(".…") == ""
        if following == end and after and after != "\n" and not is_han(after):
            return end, self._without_space(place, after, dots)
        if (after and after in ",;:") or (marks == "." and self._is_abbreviation(place, following)):
            return following, None
        hesitates = dots and marks != "."
        return following, BoundaryStrength.SECTION if hesitates or after.islower() else BoundaryStrength.SENTENCE

    def _without_space(self, place: int, after: str, dots: bool) -> BoundaryStrength | None:
        """Split ``day.The`` and ``What?No``, but not ``3.5``, ``e.g`` and ``example.com``."""
        before = self._text[:place]
        if not after.isupper() or _ADDRESS.search(before):
            return None
        if dots and not (before[-1:].islower() and before[-2:-1].isalpha()):
            return None
        return BoundaryStrength.SENTENCE

    def _is_abbreviation(self, place: int, following: int) -> bool:
        """Return whether the full stop at ``place`` is part of the word before it."""
        after = self._char_at(following)
        found = _LAST_WORD.search(self._text[:place])
        if not found:
            return False
        word = found[0].lower()
        if word in NEVER_LAST or (word in TITLES and found[0][0].isupper()):
            return True
        if word in ABBREVIATED_BEFORE_NUMBERS or word in RARELY_LAST or _DOTTED.fullmatch(word):
            return after.isdigit() or after.islower()
        if len(word) > 1 or not after.isupper():
            return False
        return ends_with_initial(self._text[:place]) or self._char_at(following + 1) == "."

    def _clause(self, place: int, mark: str) -> tuple[int, BoundaryStrength | None]:
        end = self._run(place + 1, _CLOSERS + _DASHES)
        following = self._after_spaces(end)
        if mark in _WIDE_MARKS:
            return following, _WIDE_MARKS[mark]
        after = self._char_at(following)
        if mark in _DASHES:
            return following, None if after.isdigit() else BoundaryStrength.SECTION
        if following == end and after not in ("", "\n"):
            return following, None
        return following, BoundaryStrength.ITEM if mark == "," and after.isdigit() else _CLAUSE_MARKS[mark]

    def _gap(self, place: int) -> tuple[int, BoundaryStrength | None]:
        following = self._after_spaces(place)
        if self._scanned_seconds < min(MIN_FIRST_S[BoundaryStrength.WORD], MIN_LATER_S[BoundaryStrength.WORD]):
            return following, None
        before = self._text[:place]
        after = self._char_at(following)
        if not before or before[-1].isdigit() or not after.isalpha():
            return following, None
        last = _WORD_BEFORE.search(before)
        if last and last[0].lower() in NO_PAUSE_AFTER:
            return following, None
        end = following
        while end - following < _MAX_WORD_CHARS and self._char_at(end).isalpha():
            end += 1
        begins = self._text[following:end].lower() in PAUSE_BEFORE
        return following, BoundaryStrength.WORD if begins else BoundaryStrength.GAP

    def _han(self, place: int, character: str) -> tuple[int, BoundaryStrength | None]:
        after = self._char_at(place + 1)
        if character in _HAN_PARTICLES:
            return place + 1, BoundaryStrength.WORD if is_han(after) and after not in _NOT_AFTER_PARTICLE else None
        begins = character + after in CHINESE_CONJUNCTIONS and is_han(self._text[place - 1 : place])
        return (place, BoundaryStrength.WORD) if begins else (place + 1, None)


def ends_with_initial(text: str) -> bool:
    """Return whether ``text`` ends with an initial: at the start, or after another initial or a name."""
    return bool(_INITIAL.search(text))


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))
