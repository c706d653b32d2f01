"""Splits transcripts into words, also in languages that do not separate them."""

import re

_KANA, _HAN, _HANGUL = r"\u3040-\u30ff", r"\u3400-\u9fff", r"\uac00-\ud7af"
_UNITS = re.compile(rf"[{_KANA}{_HAN}]\W*|[^\s{_KANA}{_HAN}]+\s*")

EAST_ASIAN_LETTER = re.compile(f"[{_KANA}{_HAN}{_HANGUL}]")
"""A letter of Chinese, Japanese or Korean."""

_TAG = re.compile(r"\[[^\]]*\]?|\([^)]*\)?|\*[^*]*\*|♪[^♪]*♪?|<\|[^|]*\|>")


def without_tags(text: str) -> str:
    """Return ``text`` without whisper's tags for sounds: ``[Music]``, ``(laughs`` (cut off), ``*sighs*``, ``♪ la ♪``.

    Empty when no letter or digit is left.
    """
    rest = re.sub(r"\s+", " ", _TAG.sub(" ", text)).strip()
    return rest if normalized(rest) else ""


def split_words(text: str) -> list[str]:
    """Return the words with the spaces and punctuation after them; Chinese and Japanese characters one by one.

    Joined they are ``text`` again, except for spaces before the first word.
    """
    return _UNITS.findall(text)


def normalized(word: str) -> str:
    """Return ``word`` for comparison: without case and punctuation; empty when nothing else is left."""
    return re.sub(r"[\W_]", "", word).casefold()
