"""Where a voice meets a script it cannot read, and whose voice reads it instead.

An English voice of espeak says "Chinese letter" for 你, one of macOS says nothing; a Chinese voice of espeak reads
English words as if they were pinyin. Such words are rendered with a voice of a language that can read them.
"""

from collections.abc import Collection
from itertools import groupby

from voicemate.tts.text.duration import is_han

_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "tt", "ba", "cv", "mn", "tg"})


def unreadable_scripts(driver: str, language: str) -> frozenset[str]:
    """The scripts that a voice does not read, each named by a language that does.

    Args:
        driver: pyttsx3's name of it, such as ``espeak``.
        language: of the voice, the least specific code: ``zh`` for every Chinese voice.
    """
    scripts = {"zh", "ja", "ko", "ru"} - {language}
    if language == "ja":
        scripts -= {"zh"}
    if language in _CYRILLIC:
        scripts -= {"ru"}
    if driver == "espeak" and language in ("zh", "ja"):
        scripts |= {"en"}  # macOS's Chinese and Japanese voices read English words as such
    return frozenset(scripts)


def split_by_script(text: str, unreadable: Collection[str]) -> list[tuple[str, str]]:
    """``text`` cut where its script changes to or from one of ``foreign`` (named as in ``unread``).

    Returns:
        Pairs of a script, empty for all that the voice reads itself, and a piece of the text. Put together the
        pieces are the text. Digits, marks and spaces stay with the letters before them.
    """
    scripts, current = [], ""
    for character in text:
        current = _script(character) or current
        scripts.append(current)
    beginning = next(filter(None, scripts), "")
    named = ((script or beginning, character) for script, character in zip(scripts, text, strict=True))
    groups = groupby(named, key=lambda pair: pair[0] if pair[0] in unreadable else "")
    return [(script, "".join(character for _, character in pairs)) for script, pairs in groups]


def _script(character: str) -> str:
    """The script of a letter, as a language that is written in it; empty for what all languages share."""
    if not character.isalpha():
        return ""
    if is_han(character):
        return "zh"
    for first, last, language in (
        ("\u0041", "\u024f", "en"),
        ("\u1e00", "\u1eff", "en"),
        ("\u3040", "\u30ff", "ja"),
        ("\uac00", "\ud7a3", "ko"),
        ("\u0400", "\u052f", "ru"),
    ):
        if first <= character <= last:
            return language
    return "other"
