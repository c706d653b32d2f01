"""Applies the normalization rules of a language, and joins the resulting tokens.

A language has an ordered list of rules. At each place the first rule that matches turns its match into spoken text;
the rest are words, spaces and signs. Each token knows where in the text it ends, so that spoken words can be mapped
back to written ones. All functions are pure.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_PAUSES = " ,.;:!?"


@dataclass(frozen=True, slots=True)
class SpokenToken:
    """A piece of normalized text.

    Attributes:
        spoken: one or more words, a punctuation mark, a space, or nothing.
        end: where its piece of the written text ends.
    """

    spoken: str
    end: int

    @property
    def is_word(self) -> bool:
        """Return whether it has anything to pronounce."""
        return self.spoken.strip(_PAUSES) != ""


@dataclass(frozen=True, slots=True)
class NormalizationRule:
    """Turns the matches of a pattern into spoken text; ``say`` returns None to leave one to the next rule."""

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]


def rule(pattern: str, say: Callable[[re.Match[str]], str | None] | str) -> NormalizationRule:
    """Return a rule from a pattern in verbose syntax; a plain string is spoken for every match."""
    return NormalizationRule(re.compile(pattern, re.VERBOSE), (lambda _: say) if isinstance(say, str) else say)


def alternatives(words: Iterable[str]) -> str:
    """Return a pattern, also for verbose syntax, for any of the words; longer ones are tried first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_HAN_RANGE = "\u3400-\u4dbf\u4e00-\u9fff"
_LETTER = rf"[^\W\d_²³½⅓⅔¼¾{_HAN_RANGE}]"
_WORD = re.compile(rf"{_LETTER}+(?:['’‑-]{_LETTER}+)*")
_DRAWN_OUT = re.compile(r"(\w)\1{3,}")
_MARKS = {
    **dict.fromkeys(",(（)）—–‒―[]【】{}|，、…", ", "),
    **dict.fromkeys(".。", ". "),
    **dict.fromkeys("!！‼", "! "),
    **dict.fromkeys("?？⁉", "? "),
    **dict.fromkeys(";；", "; "),
    **dict.fromkeys(":：", ": "),
    **dict.fromkeys("'’", ""),
}
"""Signs that shape the intonation; all others are dropped. Dashes and parentheses are pauses."""


def apply_rules(text: str, rules: Sequence[NormalizationRule]) -> list[SpokenToken]:
    """Return the tokens of ``text``."""
    read: list[SpokenToken] = []
    place = 0
    while place < len(text):
        spoken, place = _next(text, place, rules)
        read.append(SpokenToken(spoken, place))
    return read


def _next(text: str, place: int, rules: Sequence[NormalizationRule]) -> tuple[str, int]:
    for candidate in rules:
        found = candidate.pattern.match(text, place)
        if found and found.end() > place and (spoken := candidate.say(found)) is not None:
            return spoken, found.end()
    word = _WORD.match(text, place)
    if word:
        return _DRAWN_OUT.sub(r"\1\1", word[0]).replace("’", "'").replace("‑", "-"), word.end()
    character = text[place]
    if character.isalnum() or unicodedata.category(character)[0] == "M":
        return character, place + 1
    return _MARKS.get(character, " "), place + 1


_STRONGEST_FIRST = "?!.;:,"
_WIDE = str.maketrans(",.;:!?", "，。；：！？")
_SPACE_BY_HAN = re.compile(rf"(?<=[{_HAN_RANGE}，。；：！？])\s+|\s+(?=[{_HAN_RANGE}，。；：！？])")


def join_tokens(read: Iterable[SpokenToken], wide: bool = False) -> str:
    """Join tokens with single spaces, without a pause at the start, and with one mark where several meet.

    Args:
        read: the tokens.
        wide: with Chinese punctuation, and no spaces between Chinese characters.
    """
    said: list[str] = []
    between = ""
    for token in read:
        if token.is_word:
            if said:
                said.append(_pause((" " if token.spoken[0] == " " else "") + between, said[-1], wide))
            said.append(" ".join(token.spoken.split()))
            between = " " if token.spoken[-1] == " " else ""
        else:
            between += token.spoken
    if said:
        said.append(_pause(between, said[-1], wide))
    spoken = "".join(said).strip()
    return _SPACE_BY_HAN.sub("", spoken) if wide else spoken


def _pause(between: str, before: str, wide: bool) -> str:
    """Return the strongest of the signs between two words."""
    strongest = next((mark for mark in _STRONGEST_FIRST if mark in between), "")
    if strongest == "." and before.endswith("."):  # p.m.
        strongest = ""
    return (strongest.translate(_WIDE) if wide else strongest) + (" " if between else "")
