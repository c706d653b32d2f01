"""Echo by its words: what the microphone heard is what the character is saying right now.

A second line behind the echo canceller. The transcript is fitted into the words that are in the air, sound by sound
and without regard to where words begin: an echo begins and ends in the middle of words, and whisper mishears it. Its
words that do not fit, at the beginning or at the end, are the person's own, talking over the character.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from voicemate.hearing import phonetic, words
from voicemate.hearing.wording import spoken_words

_FITTING = 0.5
"""Share of a word's sounds that must fit for it to be the character's."""

_ECHO = 0.65
"""Share of all sounds between the first and the last fitting word for which they are an echo."""

_FEW = 6
"""Of so few sounds, all must fit: something like them is found in any sentence."""

_SCRAP = 3
"""Sounds up to which a single word that does not fit is a piece of a word, or whisper's invention."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as it was written, and how it sounds."""

    text: str
    sounds: str


def is_echo(heard: str, in_air: str) -> bool:
    """Whether ``heard`` holds nothing but the character's own words; see ``besides_echo``."""
    return not besides_echo(heard, in_air)


def besides_echo(heard: str, in_air: str) -> str:
    """What of ``heard`` the person said; empty when all of it is echo (or there are no words in it).

    A person who repeats only what is in the air, while it is, cannot be told from an echo.

    Args:
        heard: the transcript of a sound that began while the character spoke.
        in_air: what was leaving the loudspeaker during that sound, with a word or two more on either side. Where the
            text as written and as read out differ ("10", "ten"), both, one after the other. Some seconds of speech:
            the time this takes grows with the product of both lengths.
    """
    said = _words(heard)
    fits = _fits("".join(word.sounds for word in said), "".join(word.sounds for word in _words(in_air)))
    begins = [0, *accumulate(len(word.sounds) for word in said)]
    own = [sum(fits[begin:end]) < _FITTING * (end - begin) for begin, end in pairwise(begins)]
    if False not in own:
        return _text(said)
    first, last = own.index(False), len(own) - own[::-1].index(False)
    echo = fits[begins[first] : begins[last]]
    if sum(echo) < (len(echo) if len(echo) <= _FEW else _ECHO * len(echo)):
        return _text(said)
    return _text([*_without_scrap(said[:first]), *_without_scrap(said[last:])])


def _words(text: str) -> list[_Word]:
    found = (_Word(word, "".join(map(phonetic.sound, spoken_words(word)))) for word in words.split(text))
    return [word for word in found if word.sounds]


def _text(said: Sequence[_Word]) -> str:
    return "".join(word.text for word in said).strip()


def _without_scrap(said: Sequence[_Word]) -> Sequence[_Word]:
    return () if len(said) == 1 and len(said[0].sounds) <= _SCRAP else said


def _fits(heard: str, in_air: str) -> list[bool]:
    """Which sounds of ``heard`` stay as they are when the fewest changes make it a piece of ``in_air``.

    Sellers' algorithm: Levenshtein's distance, but the piece may begin and end anywhere.
    """
    rows = [[0] * (len(in_air) + 1)]
    for i, sound in enumerate(heard, 1):
        above, row = rows[-1], [i]
        for j, other in enumerate(in_air, 1):
            row.append(min(above[j - 1] + (sound != other), above[j] + 1, row[j - 1] + 1))
        rows.append(row)
    fits = [False] * len(heard)
    i, j = len(heard), rows[-1].index(min(rows[-1]))
    while i and j:
        here = rows[i][j]
        if here == rows[i - 1][j - 1] + (heard[i - 1] != in_air[j - 1]):
            i, j = i - 1, j - 1
            fits[i] = heard[i] == in_air[j]
        elif here == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return fits
