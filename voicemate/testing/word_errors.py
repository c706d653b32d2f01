"""Counts word errors, and for Chinese and Japanese character errors.

Both texts are normalized first: lower case, no punctuation, no apostrophes, numbers as words (four digits from 1100
to 2099 as a year, longer ones and those that begin with 0 digit by digit), ``Mr.`` as mister.
"""

import re
from collections.abc import Sequence

from num2words import num2words  # pyright: ignore[reportUnknownVariableType]  # it has no types

_BY_CHARACTER = frozenset(("zh", "yue", "ja"))


def plain_words(text: str, language: str) -> list[str]:
    """Return the normalized words (or characters) of ``text``.

    Args:
        text: any text.
        language: two letters; ``yue`` for Cantonese.
    """
    text = text.lower().replace("’", "'")
    if language in _BY_CHARACTER:
        return [letter for letter in text if letter.isalnum()]
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\d+", lambda number: f" {_in_words(number.group(), language)} ", text)
    text = re.sub(r"\bmr\b", "mister", text).replace("'", "")
    return re.sub(r"[^\w\s]|_", " ", text).split()


def word_errors(expected: Sequence[str], heard: Sequence[str]) -> int:
    """Return how many words to insert, remove or replace to turn ``heard`` into ``expected`` (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, want in enumerate(expected, 1):
        above = row
        row = [i]
        for j, got in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (want != got)))
    return row[-1]


def _in_words(digits: str, language: str) -> str:
    if len(digits) == 4 and 1100 <= int(digits) < 2100:
        return num2words(int(digits), to="year", lang=language)
    if digits.startswith("0") or len(digits) > 3:
        return " ".join(num2words(int(digit), lang=language) for digit in digits)
    return num2words(int(digits), lang=language)
