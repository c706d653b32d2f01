"""Words of a transcript: what of it is words, and which, also where nothing separates them."""

import re

_KANA, _HAN, _HANGUL = r"\u3040-\u30ff", r"\u3400-\u9fff", r"\uac00-\ud7af"
_UNITS = re.compile(rf"[{_KANA}{_HAN}]\W*|[^\s{_KANA}{_HAN}]+\s*")

EAST_ASIAN_LETTER = re.compile(f"[{_KANA}{_HAN}{_HANGUL}]")
"""A letter of Chinese, Japanese or Korean."""

_TAG = re.compile(r"\[[^\]]*\]?|\([^)]*\)?|\*[^*]*\*|♪[^♪]*♪?|<\|[^|]*\|>")


def without_tags(text: str) -> str:
    """``text`` without what whisper writes for sounds: ``[Music]``, ``(laughs`` (cut off), ``*sighs*``, ``♪ la ♪``.

    Empty when there is no letter or digit besides.
    """
    rest = re.sub(r"\s+", " ", _TAG.sub(" ", text)).strip()
    return rest if normalized(rest) else ""


def split_words(text: str) -> list[str]:
    """The words with what follows them (spaces, full stops); Chinese and Japanese characters one by one.

    Joined they are ``text`` again, but for spaces before its first word.
    """
    return _UNITS.findall(text)


def normalized(word: str) -> str:
    """The word for comparing: without case and punctuation; empty when there is nothing else."""
    return re.sub(r"[\W_]", "", word).casefold()
