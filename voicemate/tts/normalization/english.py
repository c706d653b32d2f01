"""The rules for English text that is not plain words."""

import re

from voicemate.tts.normalization.addresses import address_rules
from voicemate.tts.normalization.english_dates import DATES
from voicemate.tts.normalization.english_numbers import VULGAR_FRACTIONS, number
from voicemate.tts.normalization.english_quantities import QUANTITIES
from voicemate.tts.normalization.rules import alternatives, rule
from voicemate.tts.text.boundaries import ends_with_initial

_ABBREVIATIONS = {
    "Dr": "Doctor",
    "Mr": "Mister",
    "Mrs": "Missus",
    "Ms": "Miz",
    "Prof": "Professor",
    "Capt": "Captain",
    "Lt": "Lieutenant",
    "Col": "Colonel",
    "Gen": "General",
    "Sgt": "Sergeant",
    "Sen": "Senator",
    "Gov": "Governor",
    "Rev": "Reverend",
    "Mt": "Mount",
    "Jr": "Junior",
    "Sr": "Senior",
    "Inc": "Incorporated",
    "Ltd": "Limited",
    "Corp": "Corporation",
    "Dept": "Department",
    "Ave": "Avenue",
    "Blvd": "Boulevard",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "cf": "compare",
    "e.g": "for example",
    "i.e": "that is",
    "a.m": "a.m.",
    "p.m": "p.m.",
    "Ph.D": "PhD",
}
_WITHOUT_STOP = {
    **{"Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Prof": "Professor", "vs": "versus"},
    **{"etc": "et cetera", "eg": "for example", "ie": "that is"},
}
_NUMBERED = {
    **{"no": "number", "nos": "numbers", "p": "page", "pp": "pages", "fig": "figure", "vol": "volume"},
    **{"ch": "chapter", "sec": "section", "#": "number"},
}
_BETWEEN_WORDS = {"and/or": "and or", "w/": "with ", "w/o": "without ", "n/a": "N A", "N/A": "N A"}
_SYMBOLS = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "<": "less than",
    ">": "greater than",
    "≤": "at most",
    "≥": "at least",
    "≠": "is not",
    "≈": "about",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "@": "at",
    "%": "percent",
    "‰": "per mille",
    "°": "degrees",
    "℃": "degrees Celsius",
    "℉": "degrees Fahrenheit",
    "№": "number",
    "§": "section",
    "²": "squared",
    "³": "cubed",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    **VULGAR_FRACTIONS,
}
_ADDRESS_SIGNS = {
    **{".": " dot ", "-": " dash ", "_": " underscore ", "/": " slash ", "+": " plus ", "@": " at "},
    "#": " hashtag ",
}


def _symbol(found: re.Match[str]) -> str:
    return f" {_SYMBOLS[found[0]]} "


def _letters(found: re.Match[str]) -> str:
    """Turn U.S.A. into "USA"; a single A between others would be spoken as the article."""
    return found[0].replace(".", "")


def _initial(found: re.Match[str]) -> str | None:
    """Drop the full stop of an initial, at which a voice would pause."""
    letter = found[0][0]
    return letter if found["next"] or ends_with_initial(found.string[: found.start()] + letter) else None


def _numbered(found: re.Match[str]) -> str:
    return _NUMBERED[(found[1] or "#").lower()] + " "


ENGLISH = (
    *address_rules(_ADDRESS_SIGNS),
    *DATES,
    rule(r"(?<!\w)(?i:(no|nos|p|pp|fig|vol|ch|sec)\.\s?|\#)(?=\d)", _numbered),
    *QUANTITIES,
    rule(r"(?:(?<=[\d%°CF.])|(?<=[AaPp][Mm]))\s?[-–]\s?(?=[$€£¥]?\d)", " to "),
    rule(r"[~≈]\s?(?=[$€£¥]?\d)", "about "),
    rule(rf"(?<!\w)({alternatives(_ABBREVIATIONS)})\.", lambda m: _ABBREVIATIONS[m[1]]),
    rule(rf"(?<!\w)({alternatives(_WITHOUT_STOP)})(?!\w)", lambda m: _WITHOUT_STOP[m[1]]),
    rule(r"(?<!\w)St\.(?=\s[A-Z])", "Saint"),
    rule(r"(?<!\w)St\.", "Street"),
    rule(rf"(?<!\w)({alternatives(_BETWEEN_WORDS)})(?!\w)", lambda m: _BETWEEN_WORDS[m[1]]),
    rule(r"(?<!\w)(?:[A-Za-z]\.){2,}[A-Za-z]?(?!\w)", _letters),
    rule(r"(?<!\w)[A-Z]\.(?=\s[A-Z](?P<next>\.)?)", _initial),
    rule(r"(?<!\w)([CF])\#", lambda m: f"{m[1]} sharp"),
    rule(r"(?<=\w)\^(\d{1,3})", lambda m: f" to the power of {number(m[1])}"),
    rule(r"(?<=[^\W\d])/(?=[^\W\d])", " or "),
    rule(alternatives(_SYMBOLS), _symbol),
)
