"""Matches transcripts that consist of given phrases and nothing else.

Whisper varies case, accents, hyphens and punctuation ("Mm-hmm.", "mm hmm", "Sí!"), and about simplified
or traditional characters, so all of them are ignored. Chinese is compared by character.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import reduce

from voicemate.stt import tokens

Phrase = tuple[str, ...]
"""The words of a phrase as ``normalized_words`` returns them."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_BETWEEN = re.compile(r"[^\w\s'’ʼ`]+")
"""Separators of words besides spaces: ``mm-hmm``, ``yeah...but``. An apostrophe does not: ``that's``."""

_SIMPLIFIED = str.maketrans(
    "對錯說別講靜點夠閉來還沒該聽嗎覺讓給時間會繼續著後請麼現當這樣實確謝厲煩託氣開兒過樂",
    "对错说别讲静点够闭来还没该听吗觉让给时间会继续着后请么现当这样实确谢厉烦托气开儿过乐",
)
"""Characters of the phrases that differ in traditional Chinese."""


def normalized_words(text: str) -> list[str]:
    """Return the words of ``text`` without case, accents and punctuation."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    spaced = _BETWEEN.sub(" ", unicodedata.normalize("NFC", bare).translate(_SIMPLIFIED))
    return [word for word in map(tokens.normalized, tokens.split_words(spaced)) if word]


def parse_phrases(*lists: str) -> frozenset[Phrase]:
    """Return the phrases of comma-separated lists."""
    return frozenset(tuple(normalized_words(phrase)) for written in lists for phrase in written.split(","))


class PhraseMatcher:
    """A set of phrases, plus words with too many spellings to list.

    Args:
        phrases: from ``parse_phrases``.
        word: pattern of single words that count as phrases too.
    """

    def __init__(self, phrases: Iterable[Phrase], word: str = r"(?!)") -> None:
        self._phrases = frozenset(phrases)
        self._word = re.compile(word)
        self._longest = max(map(len, self._phrases), default=1)

    def __contains__(self, phrase: Phrase) -> bool:
        return phrase in self._phrases or (len(phrase) == 1 and self._word.fullmatch(phrase[0]) is not None)

    def parse(self, spoken: Sequence[str]) -> list[Phrase] | None:
        """Return the fewest phrases that make up ``spoken``, in order; None if a word belongs to none."""
        ways: list[list[Phrase] | None] = [[]]  # to make up the first 0, 1, 2... words
        for end in range(1, len(spoken) + 1):
            ways.append(
                reduce(_shorter, (self._ending(spoken, begin, end, ways) for begin in self._begins(end)), None)
            )
        return ways[-1]

    def _begins(self, end: int) -> range:
        return range(max(0, end - self._longest), end)

    def _ending(
        self, spoken: Sequence[str], begin: int, end: int, ways: list[list[Phrase] | None]
    ) -> list[Phrase] | None:
        before, last = ways[begin], tuple(spoken[begin:end])
        return None if before is None or last not in self else [*before, last]


def _shorter(one: list[Phrase] | None, other: list[Phrase] | None) -> list[Phrase] | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other, key=len)
