"""English numbers in words."""

from voicemate.tts.normalization.number_words import converter

NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
"""A number as it is written in English text: 1,234.5 or 1234.5."""
MAX_WHOLE_DIGITS = 12
"""Digits of the longest number that is spoken as one; longer ones are spelled digit by digit."""
VULGAR_FRACTIONS = {"½": "a half", "⅓": "a third", "⅔": "two thirds", "¼": "a quarter", "¾": "three quarters"}
"""Fraction characters, in words."""

_FRACTIONS = {
    **{2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth"},
    **{10: "tenth", 12: "twelfth", 16: "sixteenth", 20: "twentieth"},
}


def number(written: str) -> str:
    """Turn ``1,234.5`` into "one thousand two hundred and thirty-four point five", ``007`` into "zero zero seven"."""
    whole, _, decimals = written.replace(",", "").partition(".")
    spoken = (
        digits(whole)
        if len(whole) > MAX_WHOLE_DIGITS or (len(whole) > 1 and whole[0] == "0")
        else cardinal(int(whole))
    )
    return f"{spoken} point {digits(decimals)}" if decimals else spoken


def is_one(written: str) -> bool:
    """Return whether a name after the number stands in the singular."""
    return written == "1"


def cardinal(value: int) -> str:
    """Turn 21 into "twenty-one"."""
    return converter("en").to_cardinal(value).replace(",", "")


def ordinal(value: int) -> str:
    """Turn 21 into "twenty-first"."""
    return converter("en").to_ordinal(value).replace(",", "")


def year(value: int) -> str:
    """Turn 1984 into "nineteen eighty-four", 1905 into "nineteen oh-five"."""
    return converter("en").to_year(value)


def digits(written: str) -> str:
    """Spell each digit."""
    return " ".join(cardinal(int(digit)) for digit in written)


def two_digits(value: int) -> str:
    """Turn the minutes after an hour into words: 5 into "oh five", 30 into "thirty"."""
    return cardinal(value) if value >= 10 else f"oh {cardinal(value)}"


def decade(value: int) -> str:
    """Turn 1980 into "nineteen eighties", 80 into "eighties"."""
    words = cardinal(value) if value < 100 or value % 1000 == 0 else year(value)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def fraction(over: int, under: int) -> str | None:
    """Turn 3/4 into "three quarters"; None for fractions without such a name."""
    if under not in _FRACTIONS or not 0 < over < under:
        return None
    name = _FRACTIONS[under]
    if over == 1:
        return f"one {name}"
    return f"{cardinal(over)} {'halves' if under == 2 else name + 's'}"
