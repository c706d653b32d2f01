"""Rules that spell web and mail addresses, handles and tags, in any language that has names for their signs."""

import re
from collections.abc import Mapping

from voicemate.tts.normalization.rules import NormalizationRule, alternatives, rule
from voicemate.tts.text.word_lists import WEB_DOMAINS

MAX_PATH_CHARS = 30
"""Characters; a longer path of a web address is not spoken."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?P<host>{_LABEL}(?:\.{_LABEL})+)"
_REST = r"(?::\d+)?(?P<path>/[^\s?\#<>\"'，。！？）)]*)?(?:[?\#][^\s<>\"'，。！？）)]*)?"
_LAST = ".,;:!?"


def address_rules(signs: Mapping[str, str]) -> tuple[NormalizationRule, ...]:
    """Return the rules for addresses.

    Args:
        signs: the names of ``. - _ / + @ #``, with spaces around them.
    """

    def spelled(written: str) -> str:
        return "".join(c if c.isalnum() else signs.get(c, " ") for c in written)

    def web(found: re.Match[str]) -> str:
        path = (found["path"] or "").rstrip("/" + _LAST)
        return spelled(found["host"].removeprefix("www.") + (path if len(path) <= MAX_PATH_CHARS else ""))

    # The lookbehind keeps closing punctuation out of an address.
    tail = rf"(?<![{_LAST}])"
    return (
        rule(rf"(?:mailto:)?[A-Za-z0-9][\w.+-]{{0,63}}@(?:{_LABEL}\.){{1,6}}[A-Za-z]{{2,}}", lambda m: spelled(m[0])),
        rule(rf"(?:https?|ftp)://{_HOST}{_REST}{tail}", web),
        rule(rf"www\.{_HOST}{_REST}{tail}", web),
        rule(rf"(?P<host>(?:{_LABEL}\.){{1,4}}(?:{alternatives(WEB_DOMAINS)}))(?![\w.]\w){_REST}{tail}", web),
        rule(r"(?<!\w)@(?=\w)", signs.get("@", " ")),
        rule(r"(?<!\w)\#(?=[^\W\d])", signs.get("#", " ")),
    )
