"""Merges the transcripts of an utterance's chunks."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from voicemate.stt import tokens

_SHARED = 10
"""Words (or characters) on either side of a cut that may be shared: a second contains at most seven."""


def merge(texts: Sequence[str], overlaps: Sequence[bool]) -> str:
    """Merge ``texts`` into one.

    Args:
        texts: the chunks' transcripts, in order.
        overlaps: for each chunk, whether it repeats the last words of the previous one.
    """
    joined = ""
    for text, overlap in zip(texts, overlaps, strict=True):
        joined = _merge(joined, text) if overlap else _append(joined, text)
    return joined


def _append(before: str, after: str) -> str:
    """Concatenate. A full stop before a lower-case letter marks the end of the chunk, not of a sentence."""
    if after[:1].islower():
        before = before.removesuffix(".")
    spaced = before and after and not (_is_character(before[-1]) or _is_character(after[0]))
    return f"{before} {after}" if spaced else before + after


def _merge(before: str, after: str) -> str:
    """Take ``before`` up to the end of the words that both share, and ``after`` from there on.

    What follows them in ``before`` and precedes them in ``after`` are halves of words at the cut. If they share no
    word, both are kept whole: a repeated word is better than a lost one.
    """
    left, right = tokens.split_words(before), tokens.split_words(after)
    ending, opening = left[-_SHARED:], right[:_SHARED]
    matcher = SequenceMatcher(
        None, [*map(tokens.normalized, ending)], [*map(tokens.normalized, opening)], autojunk=False
    )
    shared = matcher.find_longest_match()
    if shared.size == 0:
        return _append(before, after)
    kept = len(left) - len(ending) + shared.a + shared.size
    return _append("".join(left[:kept]).rstrip(), "".join(right[shared.b + shared.size :]))


def _is_character(letter: str) -> bool:
    return re.match(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]", letter) is not None
