"""Classifies a transcript as speech or invention by evidence, since whisper turns any noise into words.

What it writes for noise is mostly a tag, ``(keyboard clicking)`` or ``[BLANK_AUDIO]``. Other inventions show what
real words never do: more letters than can be spoken in the time a voice was present, hardly any in seconds of it, or
tokens of low probability. The thresholds separate speech from noise in the recordings;
docs/measurements/transcript-filter.md has the figures.
"""

import re
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from voicemate.core.pcm import CLOCK_HZ
from voicemate.stt import repetition, tokens

_CONFIDENT = 0.3
"""Mean token probability below which a text is unclear, however short. See docs/measurements/transcript-filter.md."""
_CONFIDENT_IN_MORE, _MORE = 0.39, 10
"""The same for a text of ``_MORE`` letters or more."""

CONFIDENT = 0.6
"""Mean token probability from which one transcript is enough."""

_ALIKE = 0.5
"""Agreement of two transcripts of the same audio below which neither was spoken."""
_ALIKE_AMONG_NOISE = 0.75
"""The same after a series of utterances without words."""

_DOUBTFUL = 0.7
"""Mean token probability below which one more sign against the words is enough."""

_FASTEST = 24.0
"""Letters per second of voice. See docs/measurements/transcript-filter.md."""

_SLOWEST = 4.0
"""Letters per second over more than ``_LONG`` samples of voice, repetitions counted once."""

_LONG = 2 * CLOCK_HZ

_UNNOTICED = CLOCK_HZ // 4
"""Samples of voice that Silero misses at the edges of words: short words seem faster than they are."""

_LETTERS_OF_DIGIT = 4
_LETTERS_OF_CHARACTER = 3
"""How many letters a spoken digit, and a Chinese, Japanese or Korean character, count for."""

_FAINT_DBFS = -60.0
"""Level below which a voice is faint: no microphone that is spoken into is this quiet."""

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
"""What the subtitles in whisper's training data say in silence. People say most of it too."""


@dataclass(frozen=True, slots=True)
class Speech:
    """``text`` was spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class NonSpeech:
    """Nothing was spoken. ``reason`` is the evidence in a few words, ``text`` what whisper invented."""

    reason: str
    text: str = ""


def needs_second_opinion(text: str, confidence: float, rejected_confidence: float = 1.0) -> bool:
    """Return whether ``classify`` needs a second transcript of the audio.

    Transcripts of noise change with every change of the input, transcripts of words hardly do. But a single spoken
    word ("stop") changes as easily, and needs none unless its draft was unclear. Nor do words that whisper's full
    decode is sure of.

    Args:
        text: a transcript.
        confidence: its mean token probability, 0 to 1.
        rejected_confidence: that of a rejected draft. Noise may be confident in one of the two.
    """
    said = tokens.without_tags(text)
    least = _least_confidence(said)
    comparable = len(tokens.split_words(said)) > 1 or (bool(said) and rejected_confidence < least)
    return comparable and least <= confidence < _DOUBTFUL and min(confidence, rejected_confidence) < CONFIDENT


def agreement(text: str, other: str) -> float:
    """Return how similar two transcripts of the same audio are, 0 to 1, by their letters; a loop counts once.

    1 when only one of them is a number in digits: the other may be the same in words.
    """
    one, two = (
        tokens.normalized(repetition.without_repetition(tokens.without_tags(heard))) for heard in (text, other)
    )
    if one and two and one.isdigit() != two.isdigit():
        return 1.0
    return Levenshtein.normalized_similarity(one, two)


def counts_as_second_opinion(confidence: float) -> bool:
    """Return whether a transcript of this mean token probability counts as a second opinion at all."""
    return confidence >= _CONFIDENT


def classify(
    text: str, confidence: float, voiced: int, dbfs: float, agreement: float = 1.0, among_noise: bool = False
) -> Speech | NonSpeech:
    """Return whether ``text`` was spoken.

    Args:
        text: a transcript.
        confidence: its mean token probability, 0 to 1.
        voiced: samples in which a voice was detected.
        dbfs: mean level of those.
        agreement: with a second transcript, if one was made.
        among_noise: the last utterances had no words: a television, singing. Then whisper must be sure, and a second
            transcript must be much the same.
    """
    said = tokens.without_tags(text)
    reason = _reason_against(said, confidence, voiced, dbfs, agreement)
    if not reason and among_noise and (confidence < CONFIDENT or agreement < _ALIKE_AMONG_NOISE):
        reason = "unclear, after sounds that were no words"
    return NonSpeech(reason, text) if reason else Speech(said)


def _reason_against(said: str, confidence: float, voiced: int, dbfs: float, agreed: float) -> str:
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
    """Return how long ``text`` takes to say, in letters of European text."""
    digits = sum(letter.isdigit() for letter in text)
    characters = len(tokens.EAST_ASIAN_LETTER.findall(text))
    letters = sum(letter.isalpha() for letter in text) - characters
    return letters + _LETTERS_OF_DIGIT * digits + _LETTERS_OF_CHARACTER * characters
