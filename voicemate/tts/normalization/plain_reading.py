"""How text is read out in a language that has no rules of its own here.

As little as possible is touched: speech engines know numbers and signs of their languages better than a guess does.
Only small whole numbers, which num2words knows in about fifty languages, are put into words, so that engines that
read words alone say them too.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from voicemate.tts.normalization.addresses import address_rules
from voicemate.tts.normalization.number_words import converter
from voicemate.tts.normalization.rules import NormalizationRule, rule

_ADDRESS_SIGNS = {sign: sign for sign in ".-/+@"}
_LONGEST_WHOLE = 6
_KEPT_SIGNS = "%&+=@°€$£¥"


@lru_cache(maxsize=8)
def plain_rules(language: str) -> Sequence[NormalizationRule]:
    """The rules for ``language``, two or three letters."""

    def whole(found: re.Match[str]) -> str | None:
        try:
            return str(converter(language).to_cardinal(int(found[0])))
        except (NotImplementedError, OverflowError, KeyError, IndexError, TypeError, ValueError):
            return found[0]

    return (
        *address_rules(_ADDRESS_SIGNS),
        rule(rf"(?<![\w.,:/-])(?:0|[1-9]\d{{0,{_LONGEST_WHOLE - 1}}})(?![\w:/-]|[.,]\d)", whole),
        rule(r"\d+(?:[.,:/-]\d+)*", lambda found: found[0]),
        rule(r"(?<!\w)(?:[^\W\d_]\.){2,}", lambda found: found[0]),
        rule(rf"[{_KEPT_SIGNS}]", lambda found: f" {found[0]} "),
    )
