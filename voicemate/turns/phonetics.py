"""How a word sounds, roughly: enough to see that "June iper" and "Juniper" are the same name.

Whisper spells a name that it does not know by its sound, in ever new ways. So names are compared by letters and by
sound: letters and groups of letters that English or pinyin may write for the same sound are made equal.
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
"""From the first to the last. The names of the sounds are arbitrary."""

_VOWELS = re.compile("[aeiou6]")


@lru_cache(maxsize=4096)
def to_sounds(letters: str) -> str:
    """The sounds of ``letters`` (small Latin letters without spaces), one character each."""
    for spelling, sounds in _SPELLINGS:
        letters = re.sub(spelling, sounds, letters)
    return letters


def similarity(heard: str, name: str) -> float:
    """How alike two spellings are, 0 to 1: by letters or sounds, whichever are closer, and by consonants.

    The consonants of a name are what whisper mostly gets right, so each of them counts a tenth, up to four.

    Args:
        heard, name: small Latin letters without spaces.
    """
    heard_sound, name_sound = to_sounds(heard), to_sounds(name)
    spelled = Levenshtein.normalized_similarity(heard, name)
    sounded = Levenshtein.normalized_similarity(heard_sound, name_sound)
    heard_consonants, name_consonants = _VOWELS.sub("", heard_sound), _VOWELS.sub("", name_sound)
    weight = 0.1 * min(4, len(name_consonants))
    consonants = Levenshtein.normalized_similarity(heard_consonants, name_consonants)
    return (1 - weight) * max(spelled, sounded) + weight * consonants


def has_east_asian_letters(text: str) -> bool:
    """Whether there is a Chinese, Japanese or Korean letter in it."""
    return tokens.EAST_ASIAN_LETTER.search(text) is not None


def romanized(word: str) -> str:
    """Pinyin without tones for Chinese characters; everything else stays."""
    from pypinyin import lazy_pinyin  # 57 MB and 0.2 s, which only Chinese names cost

    return "".join(lazy_pinyin(word))
