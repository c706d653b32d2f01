"""Detects whisper's typical failure at small audio contexts: the same sentence again and again."""

from voicemate.stt import tokens

_LONG_PHRASE = 3
_LONG_LETTERS = 6
"""Words and letters from which a phrase said twice in a row is suspicious; "no, no", "对不起对不起" are not."""

_OFTEN = 5
"""How often a shorter phrase must be repeated to be suspicious."""


def is_repetitive(text: str) -> bool:
    """Return whether a phrase is repeated suspiciously often in a row."""
    return _first(_keys(text)) is not None


def is_only_repetition(text: str) -> bool:
    """Return whether ``text`` is one phrase repeated. People say such things ("no, no"); loops often do."""
    keys = _keys(text)
    return any(keys == keys[:length] * (len(keys) // length) for length in range(1, len(keys) // 2 + 1))


def without_repetition(text: str) -> str:
    """Return ``text`` with every suspicious repetition removed."""
    spoken = [word for word in tokens.split_words(text) if tokens.normalized(word)]
    while found := _first([tokens.normalized(word) for word in spoken]):
        start, length, times = found
        del spoken[start + length : start + length * times]
    return "".join(spoken).strip()


def _keys(text: str) -> list[str]:
    return [key for key in map(tokens.normalized, tokens.split_words(text)) if key]


def _first(keys: list[str]) -> tuple[int, int, int] | None:
    """Return the start, length in words and count of the first suspicious run, shortest phrases first."""
    for length in range(1, len(keys) // 2 + 1):
        same = 0  # words in a row that equal the one a phrase's length before
        for at in range(length, len(keys) + 1):
            if at < len(keys) and keys[at] == keys[at - length]:
                same += 1
                continue
            start, times = at - same - length, same // length + 1
            if times >= _suspicious_times(keys[start : start + length]):
                return start, length, times
            same = 0
    return None


def _suspicious_times(phrase: list[str]) -> int:
    return 2 if len(phrase) >= _LONG_PHRASE and sum(map(len, phrase)) >= _LONG_LETTERS else _OFTEN
