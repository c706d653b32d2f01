"""How long a text takes to say: an estimate that needs no engine.

The phrase splitter asks it where a phrase is long enough, a phrase asks it which word is in the air.
"""

from functools import lru_cache

LETTER_S = 0.064
"""A letter of an alphabet. English at 175 words a minute: seconds = 0.064 x letters, and 0.23 more at a comma, 0.38
at the end of a sentence (least squares over 311 words in 25 sentences, timed by espeak-ng's own word events). A
sentence of German and one of Russian come out at 0.063 and 0.065. Counting syllables does not fit better."""
HAN_S = 0.22
"""A Chinese character: about 270 a minute, an unhurried Mandarin speaker."""
KANA_S = 0.12
HANGUL_S = 0.18
DIGIT_S = 0.30
"""A digit that has not been put into words yet."""
CLAUSE_PAUSE_S = 0.23
SENTENCE_PAUSE_S = 0.38

_PAUSES = dict.fromkeys(",;:，、；：", CLAUSE_PAUSE_S) | dict.fromkeys(".!?。！？", SENTENCE_PAUSE_S)


def spoken_seconds(text: str) -> float:
    """Estimated seconds of ``text`` at a normal rate, pauses at its punctuation included."""
    return sum(map(_character_seconds, text))


def pause_seconds(text: str) -> float:
    """The pauses alone."""
    return sum(_PAUSES.get(character, 0.0) for character in text)


def is_han(character: str) -> bool:
    """A Chinese character (CJK ideographs, extensions and compatibility forms); the empty string is none."""
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U0003ffff"
        or character == "〇"
    )


@lru_cache(maxsize=4096)
def _character_seconds(character: str) -> float:
    if character in _PAUSES:
        return _PAUSES[character]
    if is_han(character):
        return HAN_S
    if "\u3040" <= character <= "\u30ff":
        return KANA_S
    if "\uac00" <= character <= "\ud7a3":
        return HANGUL_S
    if character.isdigit():
        return DIGIT_S
    return LETTER_S if character.isalpha() else 0.0
