"""Finds the wake phrase in transcripts, and the request that comes with it.

The phrase may stand anywhere in the sentence, in any of the spellings that whisper invents for it ("june iper",
"You nipper"). Short phrases must sound the same; in longer ones a sound may be missing.
"""

import re
from dataclasses import dataclass

from voicemate.stt import tokens
from voicemate.turns import phonetics
from voicemate.turns.phrase_matcher import normalized_words, parse_phrases

_EAST_ASIAN = tokens.EAST_ASIAN_LETTER.pattern
_WORD = re.compile(rf"{_EAST_ASIAN}|(?:(?!{_EAST_ASIAN})[^\W_])+(?:['’](?:(?!{_EAST_ASIAN})[^\W_])+)?")
_PUNCTUATION = re.compile(r"[,.;:!?…—–，。、；：！？-]")

_MORE_WORDS = 2
"""Extra words into which whisper may split the phrase: "june i per"."""

_ANOTHER_WORD = 0.5
"""Similarity below which a word of a phrase is another word: "my computer" is not "hey computer"."""

_NEEDED_OF_PINYIN = 0.84
"""Similarity (``phonetics.similarity``) that a Chinese phrase needs: another initial is another syllable."""


def _needed(letters: int) -> float:
    """The same for other phrases: the shorter, the more words are a letter away (docs/measurements/words.md)."""
    return 0.95 if letters <= 4 else 0.85 if letters == 5 else 0.79


_ATTENTION_GETTERS = parse_phrases(
    "hey, hi, okay, ok, oh, so, well, yo, uh, um, he, du, ach, dis, dis donc, oye, oiga, eh, 嘿, 嗨, 喂, 哎, 诶, 欸"
)
"""Words that belong to the call when they precede it at the beginning of a sentence."""


@dataclass(frozen=True, slots=True)
class WakePhraseMatch:
    """The wake phrase was found.

    Attributes:
        request: the sentence without the call where punctuation sets it off ("Hey Juniper, sing."); else the whole
            sentence, of which the name may be a part ("I like Juniper."), or which is the call alone.
        rest: all words except the call.
        similarity: to the phrase, 0 to 1.
    """

    request: str
    rest: str
    similarity: float


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a transcript: where it stands, and its letters for comparing."""

    begin: int
    end: int
    letters: str


class WakePhrase:
    """Finds a phrase, usually the character's name, in transcripts. Immutable.

    Args:
        phrase: at least one letter. Chinese names are also found in characters that sound the same, and in pinyin.

    Raises:
        ValueError: it has no letter.
    """

    def __init__(self, phrase: str) -> None:
        self._pinyin = phonetics.has_east_asian_letters(phrase)
        found = self._words(phrase)
        if not found:
            raise ValueError(f"{phrase!r} has no letters that could be heard")
        self._phrase = [word.letters for word in found]
        self._letters = "".join(self._phrase)
        self._shortest = 1 if self._pinyin else len(found)
        self._longest = len(found) + _MORE_WORDS
        self._needed = _NEEDED_OF_PINYIN if self._pinyin else _needed(len(self._letters))

    def find(self, text: str) -> WakePhraseMatch | None:
        """Return the most similar match in ``text``, or None."""
        spoken = self._words(text)
        likeness, begin, end = max(
            (
                (self._likeness(spoken[begin:end]), begin, end)
                for begin in range(len(spoken))
                for end in range(begin + self._shortest, min(begin + self._longest, len(spoken)) + 1)
            ),
            default=(0.0, 0, 0),
        )
        if likeness < self._needed:
            return None
        return _called(text, spoken, begin, end, likeness)

    def _words(self, text: str) -> list[_Word]:
        return [
            _Word(match.start(), match.end(), letters)
            for match in _WORD.finditer(text)
            if (letters := self._comparable(match.group()))
        ]

    def _comparable(self, word: str) -> str:
        letters = "".join(normalized_words(word))
        return phonetics.romanized(letters) if self._pinyin else letters

    def _likeness(self, spoken: list[_Word]) -> float:
        heard = "".join(word.letters for word in spoken)
        if not 0.5 < len(heard) / len(self._letters) < 2:
            return 0.0
        if len(spoken) == len(self._phrase) and any(
            phonetics.similarity(word.letters, meant) < _ANOTHER_WORD
            for word, meant in zip(spoken, self._phrase, strict=True)
        ):
            return 0.0
        return phonetics.similarity(heard, self._letters)


def _called(text: str, spoken: list[_Word], begin: int, end: int, likeness: float) -> WakePhraseMatch:
    """The call is ``spoken[begin:end]`` and an attention-getter before it."""
    before, after = spoken[:begin], spoken[end:]
    if before and tuple(normalized_words(text[: before[-1].end])) in _ATTENTION_GETTERS:
        before = []
    start = before[-1].end if before else 0
    stop = after[0].begin if after else len(text)
    others = f"{text[:start]} {text[stop:]}".strip()
    gap_before, gap_after = text[start : spoken[begin].begin], text[spoken[end - 1].end : stop]
    set_off = (not before or _PUNCTUATION.search(gap_before)) and (not after or _PUNCTUATION.search(gap_after))
    request = _joined(text, start, stop, gap_after) if others and set_off else text.strip()
    return WakePhraseMatch(request, others, likeness)


def _joined(text: str, start: int, stop: int, gap_after: str) -> str:
    """``text`` without ``[start:stop]``, with the punctuation that followed it."""
    left, right = text[:start], text[stop:]
    if not left:
        return right[:1].upper() + right[1:]
    if not right:
        return left + gap_after.strip()
    return f"{left}{gap_after.rstrip()} {right}"
