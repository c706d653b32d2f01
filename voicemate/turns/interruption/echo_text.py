"""Removes the character's own words from a transcript: a second line of defense behind the echo canceller.

The transcript is aligned with the words being played, sound by sound and ignoring word boundaries: an echo begins and
ends within words, and whisper mishears it. Words that do not fit, at the beginning or the end, are the person's own.
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
"""The score of a matching sound, and the penalty of a different, missing or extra one."""

_CLEAR = 0.4
"""Minimum score of an echo, as a share of a perfect match."""

_MANY = 8
"""Minimum sounds of an echo with other words beside it: a word in common is no echo."""

_FEW = 6
"""Up to this many sounds must match exactly: something similar occurs in any sentence."""
_SCRAP = 3
"""Up to this many letters, a single word beside an echo is a fragment of it, or an invention."""

_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class _Word:
    """A word as written, and its sounds."""

    text: str
    sounds: str


def without_echo(heard: str, in_air: str) -> str:
    """Return what the person said in ``heard``; empty if all of it is echo (or it has no words).

    A person who repeats exactly what is being played cannot be distinguished from an echo.

    Args:
        heard: the transcript of audio that began while the character spoke.
        in_air: what was played during that audio, as spoken, with a word or two more on either side. Some seconds of
            speech: the run time grows with the product of both lengths.
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
    """Split into words, without numbers: whisper writes them in digits or in words."""
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
