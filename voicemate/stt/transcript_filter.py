"""Did anybody say that? Judges a transcript by evidence, since whisper makes words of any noise.

What it says to noise is mostly a tag, ``(keyboard clicking)`` or ``[BLANK_AUDIO]``. The rest gives itself away by
what real words never do: more letters than a mouth can make in the time a voice was heard, next to none in seconds
of it, or tokens whisper hardly believes in itself. The thresholds are where the recordings part speech from
noise; docs/measurements/transcript-filter.md has the figures.
"""

import re
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from voicemate.core.pcm import CLOCK_HZ
from voicemate.stt import repetition, tokens

_CONFIDENT = 0.3
"""Mean token probability below which hardly anything was right. A word or two that was right may have as little, in a
room where others talk,"""
_CONFIDENT_IN_MORE, _MORE = 0.39, 10
"""but not the mean of more tokens: of so many letters or more, nothing right had less than 0.44 in recordings.
Through a device one of those ("activate mood lighting") fell under 0.42, and went without an answer: to be asked and
not to answer is worse than to answer a noise."""

CONFIDENT = 0.6
"""Mean token probability from which one transcript will do."""

_ALIKE = 0.5
"""Agreement of two transcripts of the same sound under which neither was said."""
_ALIKE_AMONG_NOISE = 0.75
"""The same where most of what was heard just before was no words."""

_DOUBTFUL = 0.7
"""Below this, one more sign against the words is enough."""

_FASTEST = 24.0
"""Letters a second; the fastest speaker of the recordings reaches 18, in Chinese 21."""

_SLOWEST = 4.0
"""Letters a second over ``_LONG`` of voice, loops counted once; the slowest of the recordings has 8."""

_LONG = 2 * CLOCK_HZ

_UNNOTICED = CLOCK_HZ // 4
"""Voice that Silero misses at the edges of words: short words seem quicker than they are."""

_LETTERS_OF_DIGIT = 4
_LETTERS_OF_CHARACTER = 3
"""What a digit, and a Chinese, Japanese or Korean character, count for when spoken."""

_FAINT_DBFS = -60.0
"""No microphone that is spoken into is this quiet."""

_PHANTOMS = frozenset(("you", "so", "oh", "bye", "bye bye"))
_PHANTOM_BEGINNINGS = (
    "thank you",
    "thanks",
    "please subscribe",
    "谢谢",
    "請不吝",
    "请不吝",
    "字幕",
    "ご視聴",
    "sous titr",
    "untertitel",
    "subtítulos",
)
"""What the subtitles that whisper learned from say while nobody speaks. People say most of it, too: only a sign
beside others."""


@dataclass(frozen=True, slots=True)
class Speech:
    """Somebody said ``text``."""

    text: str


@dataclass(frozen=True, slots=True)
class NonSpeech:
    """Nobody did. ``why`` is the evidence in a few words for people, ``text`` what whisper made up."""

    reason: str
    text: str = ""


def needs_second_opinion(text: str, confidence: float, rejected_confidence: float = 1.0) -> bool:
    """Whether ``judge`` needs to be told what comes of the sound in another way.

    What whisper makes of noise changes with every change of its input, what it makes of spoken words hardly does.
    But a single word that was said ("stop") changes as easily, and is not asked for again unless its draft was
    unclear. Nor are words of which whisper's best is sure.

    Args:
        text: a transcript.
        confidence: mean probability of its tokens, 0 to 1.
        drafted: the same of a draft that was not taken. Noise may be sure of one of both.
    """
    said = tokens.without_tags(text)
    least = _least_confidence(said)
    comparable = len(tokens.split_words(said)) > 1 or (bool(said) and rejected_confidence < least)
    return comparable and least <= confidence < _DOUBTFUL and min(confidence, rejected_confidence) < CONFIDENT


def agreement(text: str, other: str) -> float:
    """How alike two transcripts of the same sound are, 0 to 1, by their letters; a loop counts once.

    1 when only one of them is a number in digits: the other may say the same in words.
    """
    one, two = (
        tokens.normalized(repetition.without_repetition(tokens.without_tags(heard))) for heard in (text, other)
    )
    if one and two and one.isdigit() != two.isdigit():
        return 1.0
    return Levenshtein.normalized_similarity(one, two)


def counts_as_second_opinion(confidence: float) -> bool:
    """Whether a transcript counts as a second opinion on another one, by the mean probability of its tokens. What
    whisper hardly believes in itself speaks for nothing, however alike it is."""
    return confidence >= _CONFIDENT


def classify(
    text: str, confidence: float, voiced: int, dbfs: float, agreement: float = 1.0, among_noise: bool = False
) -> Speech | NonSpeech:
    """Whether ``text`` was said.

    Args:
        text: a transcript.
        confidence: mean probability of its tokens, 0 to 1.
        voiced: samples in which a voice was heard.
        dbfs: mean level of those.
        agreed: ``agreement`` with another transcript, if one was made.
        among_noise: most of what was heard just before was no words: a television, somebody who sings. Then whisper
            must be sure, and where it was asked twice have heard much the same.
    """
    said = tokens.without_tags(text)
    why = _against(said, confidence, voiced, dbfs, agreement)
    if not why and among_noise and (confidence < CONFIDENT or agreement < _ALIKE_AMONG_NOISE):
        why = "unclear, after sounds that were no words"
    return NonSpeech(why, text) if why else Speech(said)


def _against(said: str, confidence: float, voiced: int, dbfs: float, agreed: float) -> str:
    if not said:
        return "no words"
    if confidence < _least_confidence(said):
        return "unclear"
    letters = _letters(said)
    if letters * CLOCK_HZ > _FASTEST * (voiced + _UNNOTICED):
        return "too many words for the voice heard"
    if voiced > _LONG and _letters(repetition.without_repetition(said)) * CLOCK_HZ < _SLOWEST * voiced:
        return "too few words for the voice heard"
    if agreed < _ALIKE:
        return "unclear, and heard otherwise when heard again"
    if confidence < _DOUBTFUL:
        if dbfs < _FAINT_DBFS:
            return "unclear and faint"
        if repetition.is_repetitive(said):
            return "unclear and repeating"
        plain = re.sub(r"\W+", " ", said).strip().lower()
        if plain in _PHANTOMS or plain.startswith(_PHANTOM_BEGINNINGS):
            return "unclear, and what whisper says to noise"
    return ""


def _least_confidence(said: str) -> float:
    return _CONFIDENT if _letters(said) < _MORE else _CONFIDENT_IN_MORE


def _letters(text: str) -> int:
    """How long ``text`` takes to say, in letters of European text."""
    digits = sum(letter.isdigit() for letter in text)
    characters = len(tokens.EAST_ASIAN_LETTER.findall(text))
    letters = sum(letter.isalpha() for letter in text) - characters
    return letters + _LETTERS_OF_DIGIT * digits + _LETTERS_OF_CHARACTER * characters
