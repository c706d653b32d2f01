"""From plain text to what is read out, in the language it is read in."""

from collections.abc import Sequence

from voicemate.tts.normalization.chinese import CHINESE
from voicemate.tts.normalization.english import ENGLISH
from voicemate.tts.normalization.plain_reading import plain_rules
from voicemate.tts.normalization.rules import NormalizationRule, SpokenToken, apply_rules, join_tokens

_CHINESE_LANGUAGES = frozenset({"zh", "cmn", "yue"})
_ASCII_FORMS = {
    ord(wide): chr(ord(wide) - 0xFEE0) for wide in map(chr, range(0xFF01, 0xFF5F)) if wide not in "，！？：；（）"
}
"""Full-width letters, digits and signs; punctuation keeps its width, since it shows where Chinese phrases end."""


def normalize(plain: str, language: str) -> list[SpokenToken]:
    """How ``plain`` (text without markup) is read, piece by piece.

    Args:
        language: two or three letters; without rules of its own here a language is left to its speech engine.
    """
    return apply_rules(plain.translate(_ASCII_FORMS), _rules(language))


def spoken_text(tokens: Sequence[SpokenToken], language: str, continues: bool = False) -> str:
    """What a speech engine is given for a reading; empty when there is nothing to say.

    Args:
        goes_on: the sentence is not over; a comma at the end keeps the voice from falling as if it were.
    """
    wide = language in _CHINESE_LANGUAGES
    spoken = join_tokens(tokens, wide)
    return spoken + ("，" if wide else ",") if continues and spoken[-1:].isalnum() else spoken


def _rules(language: str) -> Sequence[NormalizationRule]:
    if language == "en":
        return ENGLISH
    return CHINESE if language in _CHINESE_LANGUAGES else plain_rules(language)
