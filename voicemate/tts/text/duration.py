"""Estimates how long a text takes to speak, without an engine.

The phrase splitter uses it to decide where a phrase is long enough; a phrase, to find out which words were heard.
All functions are pure.
"""

from functools import lru_cache

LETTER_S = 0.064
"""Seconds for a letter of an alphabet, at 175 words a minute; see docs/measurements/voices.md."""
HAN_S = 0.22
"""Seconds for a Chinese character: about 270 a minute, a calm Mandarin speaker."""
KANA_S = 0.12
HANGUL_S = 0.18
DIGIT_S = 0.30
"""Seconds for a digit that is not yet in words."""
CLAUSE_PAUSE_S = 0.23
SENTENCE_PAUSE_S = 0.38

_PAUSES = dict.fromkeys(",;:，、；：", CLAUSE_PAUSE_S) | dict.fromkeys(".!?。！？", SENTENCE_PAUSE_S)


def spoken_seconds(text: str) -> float:
    """Return the estimated seconds of ``text`` at a normal rate, including the pauses at its punctuation."""
    return sum(map(_character_seconds, text))


def pause_seconds(text: str) -> float:
    """Return the seconds of the pauses at the punctuation of ``text`` alone."""
    return sum(_PAUSES.get(character, 0.0) for character in text)


def is_han(character: str) -> bool:
    """Return whether ``character`` is Chinese (CJK ideographs, extensions, compatibility forms); "" is not."""
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
