"""Normalizes plain text to spoken text in its language."""

import re
from collections.abc import Sequence
from functools import lru_cache

from voicemate.tts.normalization.addresses import address_rules
from voicemate.tts.normalization.chinese import CHINESE
from voicemate.tts.normalization.english import ENGLISH
from voicemate.tts.normalization.number_words import converter
from voicemate.tts.normalization.rules import NormalizationRule, SpokenToken, apply_rules, join_tokens, rule

_CHINESE_LANGUAGES = frozenset({"zh", "cmn", "yue"})
_ASCII_FORMS = {
    ord(wide): chr(ord(wide) - 0xFEE0) for wide in map(chr, range(0xFF01, 0xFF5F)) if wide not in "，！？：；（）"
}
"""Full-width letters, digits and signs; punctuation keeps its width, which shows where Chinese phrases end."""

_PLAIN_ADDRESS_SIGNS = {sign: sign for sign in ".-/+@"}
_MAX_PLAIN_DIGITS = 6
_KEPT_SIGNS = "%&+=@°€$£¥"


def normalize(plain: str, language: str) -> list[SpokenToken]:
    """Return the spoken tokens of ``plain``, a text without markup.

    Args:
        plain: the text.
        language: two or three letters. A language without rules here is left to its speech engine.
    """
    return apply_rules(plain.translate(_ASCII_FORMS), _rules(language))


def spoken_text(tokens: Sequence[SpokenToken], language: str, continues: bool = False) -> str:
    """Return the text for a speech engine; empty without words.

    Args:
        tokens: from ``normalize``.
        language: two or three letters.
        continues: the sentence goes on; a comma at the end keeps the voice from falling.
    """
    wide = language in _CHINESE_LANGUAGES
    spoken = join_tokens(tokens, wide)
    return spoken + ("，" if wide else ",") if continues and spoken[-1:].isalnum() else spoken


def _rules(language: str) -> Sequence[NormalizationRule]:
    if language == "en":
        return ENGLISH
    return CHINESE if language in _CHINESE_LANGUAGES else _plain_rules(language)


@lru_cache(maxsize=8)
def _plain_rules(language: str) -> Sequence[NormalizationRule]:
    """Return the rules for a language without rules of its own.

    Little is changed: speech engines know numbers and signs of their languages better than a guess does. Only small
    whole numbers, which num2words knows in about fifty languages, become words, for engines that speak words alone.
    """

    def whole(found: re.Match[str]) -> str | None:
        try:
            return str(converter(language).to_cardinal(int(found[0])))
        except (NotImplementedError, OverflowError, KeyError, IndexError, TypeError, ValueError):
            return found[0]

    return (
        *address_rules(_PLAIN_ADDRESS_SIGNS),
        rule(rf"(?<![\w.,:/-])(?:0|[1-9]\d{{0,{_MAX_PLAIN_DIGITS - 1}}})(?![\w:/-]|[.,]\d)", whole),
        rule(r"\d+(?:[.,:/-]\d+)*", lambda found: found[0]),
        rule(r"(?<!\w)(?:[^\W\d_]\.){2,}", lambda found: found[0]),
        rule(rf"[{_KEPT_SIGNS}]", lambda found: f" {found[0]} "),
    )
