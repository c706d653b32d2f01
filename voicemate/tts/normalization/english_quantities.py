"""The rules for amounts in English: money, measures, percentages, and bare numbers."""

import re

from voicemate.tts.normalization.english_numbers import (
    NUMBER,
    VULGAR_FRACTIONS,
    cardinal,
    digits,
    fraction,
    is_one,
    number,
    ordinal,
)
from voicemate.tts.normalization.rules import alternatives, rule

_UNITS = {
    "km": "kilometer",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "mi": "mile",
    "ft": "foot",
    "yd": "yard",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "lb": "pound",
    "lbs": "pound",
    "oz": "ounce",
    "l": "liter",
    "L": "liter",
    "ml": "milliliter",
    "mL": "milliliter",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "min": "minute",
    "mins": "minute",
    "s": "second",
    "sec": "second",
    "secs": "second",
    "ms": "millisecond",
    "KB": "kilobyte",
    "kB": "kilobyte",
    "MB": "megabyte",
    "GB": "gigabyte",
    "TB": "terabyte",
    "W": "watt",
    "kW": "kilowatt",
    "kWh": "kilowatt hour",
    "V": "volt",
    "kcal": "kilocalorie",
    "cal": "calorie",
    "dB": "decibel",
    "px": "pixel",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "GHz": "gigahertz",
    "mph": "mile per hour",
    "kph": "kilometer per hour",
    "bpm": "beat per minute",
    "rpm": "revolution per minute",
    "fps": "frame per second",
    "Mbps": "megabit per second",
    "㎞": "kilometer",
    "㎝": "centimeter",
    "㎜": "millimeter",
    "㎏": "kilogram",
    "㎡": "square meter",
}
_ALWAYS_ONE = frozenset({"hertz", "kilohertz", "megahertz", "gigahertz"})
_PER = {
    **{key: _UNITS[key] for key in ("h", "hr", "min", "s", "sec", "kg", "l", "L", "m", "km")},
    **{word: word for word in ("day", "week", "month", "year", "hour", "minute", "second", "person", "night")},
}
_POWERS = {"²": "square ", "2": "square ", "³": "cubic ", "3": "cubic "}

_MONEY = {"$": "dollar", "US$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₹": "rupee", "₩": "won"}
_CODES = {"USD": "dollar", "EUR": "euro", "GBP": "pound", "JPY": "yen", "CHF": "franc"}
_CENTS = {"dollar": "cent", "euro": "cent", "pound": "pence"}
_NO_PLURAL = frozenset({"yen", "won"})
_SCALES = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion", "T": "trillion"}
_MONEY_SCALES = _SCALES | {"m": "million", "mn": "million", "b": "billion", "bn": "billion", "tn": "trillion"}
_SCALE_WORDS = r"thousand|million|billion|trillion"

_MINUS = r"(?P<minus>(?<![\w.,)%°-])[-−])?"
_RANGE = rf"\s?[-–~]\s?(?P<last>{NUMBER})(?!\s?=)"
_AMOUNT = rf"{_MINUS}(?P<first>{NUMBER})(?:{_RANGE})?"
_MONEY_AMOUNT = (
    rf"(?P<first>{NUMBER})(?:\s?[-–]\s?[$€£¥₹₩]?(?P<last>{NUMBER}))?"
    rf"(?:\s?(?P<scale>{alternatives(_MONEY_SCALES)})(?!\w)|\s(?P<word>{_SCALE_WORDS})\b)?"
)


def _span(found: re.Match[str]) -> str:
    """Return one number, or a range."""
    minus = "minus " if found["minus"] else ""
    return minus + _numbers(found)


def _numbers(found: re.Match[str]) -> str:
    first = number(found["first"])
    return f"{first} to {number(found['last'])}" if found["last"] else first


def _single(found: re.Match[str]) -> bool:
    return is_one(found["first"]) and not found["last"]


def _plural(name: str, single: bool) -> str:
    if single or name in _ALWAYS_ONE:
        return name
    head, per, rest = name.partition(" per ")
    return ("feet" if head == "foot" else head + "s") + per + rest


def _measure(found: re.Match[str]) -> str:
    name = _plural(_UNITS[found["unit"]], _single(found) or bool(found["hyphen"]))
    power = _POWERS.get(found["power"] or "", "")
    per = f" per {_PER[found['per']]}" if found["per"] else ""
    return f"{_span(found)} {power}{name}{per}"


def _temperature(found: re.Match[str]) -> str:
    scale = {"C": " Celsius", "℃": " Celsius", "F": " Fahrenheit", "℉": " Fahrenheit"}.get(
        found["scale"] or found["sign"] or "", ""
    )
    return f"{_span(found)} degree{'' if _single(found) else 's'}{scale}"


def _money(found: re.Match[str]) -> str:
    name = _MONEY.get(found["sign"]) or _CODES[found["sign"]]
    scale = _MONEY_SCALES.get(found["scale"] or "", found["word"] or "")
    whole, _, cents = found["first"].partition(".")
    if len(cents) == 2 and not scale and not found["last"] and name in _CENTS:
        return _with_cents(name, whole, int(cents))
    single = _single(found) and not scale
    amount = f"{_numbers(found)} {scale}".rstrip()
    return f"{amount} {name if single or name in _NO_PLURAL else name + 's'}"


def _with_cents(name: str, whole: str, cents: int) -> str:
    main = f"{number(whole)} {name if is_one(whole) else name + 's'}"
    small = _CENTS[name] if cents == 1 or name == "pound" else _CENTS[name] + "s"
    if not cents:
        return main
    return f"{cardinal(cents)} {small}" if whole == "0" else f"{main} and {cardinal(cents)} {small}"


def _height(found: re.Match[str]) -> str:
    return f"{number(found[1])} foot {number(found[2])}"


def _phone(found: re.Match[str]) -> str:
    """Spell digit by digit, with a pause where the number is divided."""
    return ("plus " if found[0][0] == "+" else "") + ", ".join(map(digits, re.findall(r"\d+", found[0])))


def _fraction(found: re.Match[str]) -> str:
    over, under = int(found["over"]), int(found["under"])
    whole = f"{number(found['whole'])} and " if found["whole"] else ""
    if (named := fraction(over, under)) is not None:
        return whole + (named.replace("one ", "a ", 1) if whole and over == 1 else named)
    joint = " " if (over, under) in {(24, 7), (9, 11)} or over == under else " over "
    return whole + cardinal(over) + joint + cardinal(under)


QUANTITIES = (
    rule(r"(?<![\w.])(?:\+\d{1,3}[ -]?)?(?:\(\d{3}\)[ ]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])", _phone),
    rule(r"(?<![\w.])\+\d{1,3}(?:[ -]\d{2,5}){2,5}(?![\w-])", _phone),
    rule(r"(?<![\w.-])\d{3}-\d{4}(?![\w-])", _phone),
    rule(r"(?<![\w.])[-−](?=[$€£¥]\d)", "minus "),
    rule(rf"(?P<sign>{alternatives(_MONEY)})\s?{_MONEY_AMOUNT}", _money),
    rule(rf"(?<![\w.]){_MONEY_AMOUNT}\s?(?P<sign>€|£|(?:{alternatives(_CODES)})\b)", _money),
    rule(rf"{_AMOUNT}\s?%", lambda m: f"{_span(m)} percent"),
    rule(rf"{_AMOUNT}\s?(?:°\s?(?P<scale>[CF](?!\w))?|(?P<sign>[℃℉]))", _temperature),
    rule(r"(?<![\w.])(\d{1,2})['’′]\s?(\d{1,2})(?:\"|”|″|'')", _height),
    rule(
        rf"(?<![\w.]){_AMOUNT}(?P<hyphen>-)?\s?(?P<unit>{alternatives(_UNITS)})(?P<power>[²³23])?"
        rf"(?:/(?P<per>{alternatives(_PER)}))?(?!['’]?\w|/\w|\.\w)",
        _measure,
    ),
    rule(rf"(?<![\w.]){_AMOUNT}(?P<scale>[kKMBT])(?!\w)", lambda m: f"{_span(m)} {_SCALES[m['scale']]}"),
    rule(
        r"(?<![\w.])(\d{1,9}|\d{1,3}(?:,\d{3}){1,2})(?:st|nd|rd|th)(?!\w)",
        lambda m: ordinal(int(m[1].replace(",", ""))),
    ),
    rule(r"(?<![\w./])(?:(?P<whole>\d{1,4})\s)?(?P<over>\d{1,3})/(?P<under>\d{1,3})(?![\w/])", _fraction),
    rule(r"(?<![\w.])(\d{1,4})\s?([½⅓⅔¼¾])", lambda m: f"{number(m[1])} and {VULGAR_FRACTIONS[m[2]]}"),
    rule(r"(?<![\w.:])(\d{1,3}):(\d{1,3})(?![\w:])", lambda m: f"{number(m[1])} to {number(m[2])}"),
    rule(r"(?<=\d)\s?[-−–]\s?(?=\d+(?:\.\d+)?\s?=)", " minus "),
    rule(r"(?<![\w.])(\d{1,5})\s?x\s?(\d{1,5})(?!\w)", lambda m: f"{number(m[1])} by {number(m[2])}"),
    rule(r"(?<![\w.])(\d{1,3})x(?!\w)", lambda m: f"{number(m[1])} times"),
    rule(r"(?<![\w.])\d+(?:\.\d+){2,}(?!\w)", lambda m: " point ".join(map(number, m[0].split(".")))),
    rule(rf"(?<![\w.]){_AMOUNT}", lambda m: f" {_span(m)} "),  # with spaces: 3D, MP3
    rule(NUMBER, lambda m: f" {number(m[0])} "),
)
