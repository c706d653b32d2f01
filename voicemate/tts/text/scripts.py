"""Splits a text where a voice cannot read its script, so that another voice reads that part.

An English voice of espeak says "Chinese letter" for 你, one of macOS says nothing; a Chinese voice of espeak reads
English words as if they were pinyin. Such words are synthesized with a voice of a language that can read them.
All functions are pure.
"""

from collections.abc import Collection

from voicemate.tts.text.duration import is_han

_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk", "ky", "tt", "ba", "cv", "mn", "tg"})


def unreadable_scripts(driver: str, language: str) -> frozenset[str]:
    """Return the scripts that a voice does not read, each named by a language that uses it.

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
    """Split ``text`` where its script changes to or from an ``unreadable`` one (see ``unreadable_scripts``).

    Returns:
        Pairs of a script, empty where the voice reads the text itself, and a piece of the text. The pieces together
        are the text. Digits, marks and spaces stay with the letters before them.
    """
    scripts: list[str] = []
    current = ""
    for character in text:
        current = _script(character) or current
        scripts.append(current)
    beginning = next(filter(None, scripts), "")
    pieces: list[tuple[str, str]] = []
    for script, character in zip(scripts, text, strict=True):
        reader = (script or beginning) if (script or beginning) in unreadable else ""
        if pieces and pieces[-1][0] == reader:
            pieces[-1] = (reader, pieces[-1][1] + character)
        else:
            pieces.append((reader, character))
    return pieces


def _script(character: str) -> str:
    """Return the script of a letter, as a language that uses it; empty for what all languages share."""
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
