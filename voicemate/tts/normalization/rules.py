"""The machinery that reads text out: rules for what is not a plain word, and the joining of what they say.

A language brings an ordered list of rules. At each place the first rule that matches says how its match is read;
what no rule wants is a word, a space or a sign. Each token knows where in the text it ends, so that spoken words can
be followed back to written ones.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_PAUSES = " ,.;:!?"


@dataclass(frozen=True, slots=True)
class SpokenToken:
    """A piece of the reading.

    Attributes:
        spoken: what is said: a word or more, a punctuation mark, a space, or nothing.
        end: where the piece of text it stands for ends.
    """

    spoken: str
    end: int

    @property
    def is_word(self) -> bool:
        return self.spoken.strip(_PAUSES) != ""


@dataclass(frozen=True, slots=True)
class NormalizationRule:
    """How the matches of a pattern are read; ``say`` returns None to leave one to the next rule."""

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]


def rule(pattern: str, say: Callable[[re.Match[str]], str | None] | str) -> NormalizationRule:
    """A rule from a pattern in verbose syntax; a plain string is said for every match."""
    return NormalizationRule(re.compile(pattern, re.VERBOSE), (lambda _: say) if isinstance(say, str) else say)


def alternatives(words: Iterable[str]) -> str:
    """A pattern, for verbose syntax too, for any of the words; longer ones are tried first."""
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
"""Signs that shape the melody; all others say nothing. Dashes and parentheses are pauses."""


def apply_rules(text: str, rules: Sequence[NormalizationRule]) -> list[SpokenToken]:
    """The reading of ``text``, piece by piece."""
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
    """What the tokens say together: single spaces, no pause in front, and one mark where several meet.

    Args:
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
    """What is left of the signs between two words."""
    strongest = next((mark for mark in _STRONGEST_FIRST if mark in between), "")
    if strongest == "." and before.endswith("."):  # p.m.
        strongest = ""
    return (strongest.translate(_WIDE) if wide else strongest) + (" " if between else "")
