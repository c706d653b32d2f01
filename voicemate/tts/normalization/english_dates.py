"""The rules for dates, years and times in English."""

import re

from voicemate.tts.normalization.english_numbers import cardinal, decade, ordinal, two_digits, year
from voicemate.tts.normalization.rules import alternatives, rule

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTH_OF = {
    **{name: name for name in _MONTHS},
    **{name[:3]: name for name in _MONTHS if name != "May"},
    **{name[:3] + ".": name for name in _MONTHS if name != "May"},
    **{"Sept": "September", "Sept.": "September"},
}
_MONTH = rf"(?<!\w)(?P<month>{alternatives(_MONTH_OF)})"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>1\d{3}|20\d{2})(?!\d|[,.-]\d)"
_YEAR_OF_DATE = r"(?P<year>1\d{3}|20\d{2})"
_ZONE = r"(?:\s?(?P<half>[AaPp])\.?[Mm](?!\w)\.?)"


def _month_first(found: re.Match[str]) -> str:
    day = f"{_MONTH_OF[found['month']]} {ordinal(int(found['day']))}"
    return f"{day}, {year(int(found['year']))}" if found["year"] else day


def _day_first(found: re.Match[str]) -> str:
    day = f"{'the ' if found['the'] is None else ''}{ordinal(int(found['day']))} of {_MONTH_OF[found['month']]}"
    return f"{day}, {year(int(found['year']))}" if found["year"] else day


def _iso(found: re.Match[str]) -> str:
    day = int(found["day"])
    return f"{_MONTHS[int(found['month']) - 1]} {ordinal(day)}, {year(int(found['year']))}"


def _slashed(found: re.Match[str]) -> str:
    """Keep the written order: whether the day or the month comes first differs between countries."""
    return f"{cardinal(int(found[1]))}, {cardinal(int(found[2]))}, {year(int(found['year']))}"


def _time(found: re.Match[str]) -> str:
    hour, minute, half = int(found["hour"]), int(found["minute"]), _half(found)
    if hour == 0:
        hour, half = 12, half or " a.m."
    spoken = cardinal(hour)
    if minute:
        spoken += f" {two_digits(minute)}"
    elif not half:
        spoken += " o'clock" if hour <= 12 else " hundred"
    if found["second"]:
        spoken += f" and {cardinal(int(found['second']))} seconds"
    return spoken + half


def _hour(found: re.Match[str]) -> str:
    return cardinal(int(found["hour"])) + _half(found)


def _half(found: re.Match[str]) -> str:
    return f" {found['half'].lower()}.m." if found["half"] else ""


def _years(found: re.Match[str]) -> str:
    return f"{year(int(found['first']))} to {year(int(found['year']))}"


_MONTHS_CUT_SHORT = alternatives(written for written in _MONTH_OF if written.endswith("."))

DATES = (
    rule(rf"(?<![\d-]){_YEAR_OF_DATE}-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])(?![\d-])", _iso),
    rule(rf"(?<![\d/])(\d{{1,2}})/(\d{{1,2}})/{_YEAR}(?!/)", _slashed),
    rule(rf"{_MONTH}\s{_DAY}(?![\d:.]\d|\d|\s?(?:am|pm|AM|PM|%))(?:,?\s{_YEAR})?", _month_first),
    rule(rf"(?<![\d.,:])(?P<the>(?<=\bthe\s))?{_DAY}\s(?:of\s)?{_MONTH}(?!\w)(?:,?\s{_YEAR})?", _day_first),
    rule(rf"({_MONTHS_CUT_SHORT})(?=\s\d)", lambda m: _MONTH_OF[m[0]]),
    rule(
        rf"(?<![\d:.])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:]){_ZONE}?",
        _time,
    ),
    rule(rf"(?<![\d:.])(?P<hour>1[0-2]|[1-9]){_ZONE}", _hour),
    rule(r"(?<![\d.,])(1\d|20)\d0s(?!\w)", lambda m: decade(int(m[0][:-1]))),
    rule(r"(?<!\w)['’]?([2-9]0)s(?!\w)", lambda m: decade(int(m[1]))),
    rule(rf"(?<![\d.,$€£-])(?P<first>1[1-9]\d\d|20\d\d)\s?[-–]\s?{_YEAR}(?![\w%])", _years),
    rule(
        r"(?<![\d.,$€£¥-])(1[1-9]\d\d|20\d\d)(?!\w|[.,]\d|\s?[-–]\s?\d|\s?[%°×÷=+*/])",
        lambda m: year(int(m[1])),
    ),
)
