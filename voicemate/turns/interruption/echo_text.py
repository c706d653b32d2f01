"""Echo by its words: what the microphone heard is what the character is saying right now.

A second line behind the echo canceller. The transcript is fitted into the words that are in the air, sound by sound
and without regard to where words begin: an echo begins and ends in the middle of words, and whisper mishears it. Its
words that do not fit, at the beginning or at the end, are the person's own, talking over the character.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import itemgetter

from voicemate.stt import tokens
from voicemate.turns import phonetics
from voicemate.turns.phrase_matcher import normalized_words
from voicemate.turns.spoken_commands import spoken_command

_FIT, _MISFIT = 2, 3
"""What a sound that fits counts for, and one that is another, missing or too much against."""

_CLEAR = 0.4
"""How much a piece must count for to be an echo, as a share of what it would if every sound fitted."""

_MANY = 8
"""Sounds that an echo must have if something else was heard beside it: a word in common is none."""

_FEW = 6
"""So few sounds must be in the air as they are: something like them is found in any sentence."""
_SCRAP = 3
"""Letters up to which a single word beside an echo is a piece of one, or whisper's invention."""

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as it was written, and how it sounds."""

    text: str
    sounds: str


def without_echo(heard: str, in_air: str) -> str:
    """What of ``heard`` the person said; empty when all of it is echo (or there are no words in it).

    A person who repeats only what is in the air, while it is, cannot be told from an echo.

    Args:
        heard: the transcript of a sound that began while the character spoke.
        in_air: what was leaving the loudspeaker during that sound, as read out, with a word or two more on either
            side. Some seconds of speech: the time this takes grows with the product of both lengths.
    """
    said, playing = _words(heard), _words(in_air)
    if not said:  # numbers at most: they are the character's if it speaks of numbers
        return heard.strip() if _DIGIT.search(heard) and not _DIGIT.search(in_air) else ""
    sounds = "".join(word.sounds for word in said)
    if len(sounds) <= _FEW:
        return "" if _is_among(sounds, playing) else _text(said)
    begin, end, count = _best_fit(sounds, "".join(word.sounds for word in playing))
    ends = [0, *accumulate(len(word.sounds) for word in said)]
    echoed = [min(b, end) - max(a, begin) > (b - a) / 2 for a, b in pairwise(ends)]
    if not any(echoed) or count < _CLEAR * _FIT * (end - begin):
        return _text(said)
    first, last = echoed.index(True), len(echoed) - echoed[::-1].index(True)
    own = _text([*_without_scrap(said[:first]), *_without_scrap(said[last:])])
    return own if end - begin >= _MANY or not own else _text(said)


def _words(text: str) -> list[_Word]:
    """Numbers count for nothing: whisper writes them in digits or in words as it likes."""
    spoken = tokens.split_words(tokens.without_tags(text))
    found = (_Word(word, "".join(map(phonetics.to_sounds, normalized_words(word)))) for word in spoken)
    return [word for word in found if word.sounds and not word.sounds.isdigit()]


def _text(said: Sequence[_Word]) -> str:
    return "".join(word.text for word in said).strip()


def _without_scrap(said: Sequence[_Word]) -> Sequence[_Word]:
    scrap = len(said) == 1 and len(tokens.normalized(said[0].text)) <= _SCRAP and spoken_command(said[0].text) is None
    return () if scrap else said


def _is_among(sounds: str, playing: Sequence[_Word]) -> bool:
    """Whether ``sounds`` are in ``playing`` as they are, from the begin of a word or up to the end of one.

    Within words anything short can be found: "stop" in "this topic".
    """
    piece = " ?".join(map(re.escape, sounds))
    return re.search(rf"\b{piece}|{piece}\b", " ".join(word.sounds for word in playing)) is not None


def _best_fit(heard: str, in_air: str) -> tuple[int, int, int]:
    """The piece of ``heard`` that fits best somewhere into ``in_air``: its begin and end, and what it counts for.

    Smith and Waterman's local alignment (J. Mol. Biol. 147, 1981).
    """
    best = (0, 0, 0)  # what it counts for, less its length, begin
    above = [(0, 0)] * (len(in_air) + 1)  # what it counts for, begin
    for i, sound in enumerate(heard, 1):
        row = [(0, i)]
        for j, other in enumerate(in_air, 1):
            count, begin = above[j - 1]
            here = max(
                (count + (_FIT if sound == other else -_MISFIT), begin),
                (above[j][0] - _MISFIT, above[j][1]),
                (row[-1][0] - _MISFIT, row[-1][1]),
                (0, i),
                key=itemgetter(0),
            )
            row.append(here)
            best = max(best, (here[0], here[1] - i, here[1]))
        above = row
    count, shortness, begin = best
    return begin, begin - shortness, count
