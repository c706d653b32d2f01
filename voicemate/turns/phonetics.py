"""Approximate phonetics: enough to recognize "June iper" as "Juniper".

Whisper spells unknown names by their sound, each time differently. So names are compared by letters and by sound:
spellings of the same sound in English or pinyin map to the same symbol.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from voicemate.stt import tokens

_SPELLINGS: Sequence[tuple[str, str]] = (
    (r"^x|sch|tch|[csz]h|dge|^y(?=[aeiou])", "j"),
    (r"[cq](?=i)|g(?=[ei])|c(?=[ey])|s(?=i[aeou]|ure)", "j"),
    (r"ph", "f"),
    (r"gh|^k(?=n)|^w(?=r)|h", ""),
    (r"x", "ks"),
    (r"ck|q|c|g", "k"),
    (r"b", "p"),
    (r"d", "t"),
    (r"v", "f"),
    (r"z", "s"),
    (r"[ae][iy]|ae", "6"),  # as in day, Mei
    (r"ee|ea|ie|y|i", "i"),
    (r"oo|ou|u[ei]?|ew|w", "u"),
    (r"o[ahe]?|au", "o"),
    (r"(?<=[^aeiou6])e$", ""),  # mute at the end
    (r"(.)\1+", r"\1"),
)
"""Applied in order. The symbols of the sounds are arbitrary."""

_VOWELS = re.compile("[aeiou6]")


@lru_cache(maxsize=4096)
def to_sounds(letters: str) -> str:
    """Return the sounds of ``letters`` (lower-case Latin letters without spaces), one character each."""
    for spelling, sounds in _SPELLINGS:
        letters = re.sub(spelling, sounds, letters)
    return letters


def similarity(heard: str, name: str) -> float:
    """Return the similarity of two spellings, 0 to 1: by letters or sounds, whichever is closer, and by consonants.

    Whisper mostly gets the consonants of a name right, so each of them counts a tenth, up to four.

    Args:
        heard, name: lower-case Latin letters without spaces.
    """
    heard_sound, name_sound = to_sounds(heard), to_sounds(name)
    spelled = Levenshtein.normalized_similarity(heard, name)
    sounded = Levenshtein.normalized_similarity(heard_sound, name_sound)
    heard_consonants, name_consonants = _VOWELS.sub("", heard_sound), _VOWELS.sub("", name_sound)
    weight = 0.1 * min(4, len(name_consonants))
    consonants = Levenshtein.normalized_similarity(heard_consonants, name_consonants)
    return (1 - weight) * max(spelled, sounded) + weight * consonants


def has_east_asian_letters(text: str) -> bool:
    """Return whether ``text`` contains a Chinese, Japanese or Korean letter."""
    return tokens.EAST_ASIAN_LETTER.search(text) is not None


def romanized(word: str) -> str:
    """Return ``word`` with Chinese characters as pinyin without tones."""
    from pypinyin import lazy_pinyin  # 57 MB and 0.2 s: only for Chinese names

    return "".join(lazy_pinyin(word))
