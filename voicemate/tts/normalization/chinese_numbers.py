"""Chinese numbers in characters, as Mandarin reads them."""

NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
"""A number as it is written in Chinese text: 1,234.5 or 1234.5."""
MAX_WHOLE_DIGITS = 16
"""Digits of the longest number that is spoken as one; longer ones are spelled digit by digit."""

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ((10**8, "亿"), (10**4, "万"))


def number(written: str) -> str:
    """Turn ``1,234.5`` into 一千二百三十四点五, ``007`` into 零零七."""
    whole, _, decimals = written.replace(",", "").partition(".")
    spoken = (
        digits(whole)
        if len(whole) > MAX_WHOLE_DIGITS or (len(whole) > 1 and whole[0] == "0")
        else cardinal(int(whole))
    )
    return f"{spoken}点{digits(decimals)}" if decimals else spoken


def before_measure_word(written: str) -> str:
    """Turn a number before a measure word into characters: 2 is 两 there."""
    return "两" if written == "2" else number(written)


def cardinal(value: int) -> str:
    """Turn 0 to 10**16 - 1 into characters.

    零 stands for a run of skipped places inside, 10 to 19 begin with 十 and not with 一十, and 2 is 两 before 千, 万
    and 亿.
    """
    spoken = _whole(value) or "零"
    return spoken.removeprefix("一") if spoken.startswith("一十") else spoken


def _whole(value: int) -> str:
    for unit, name in _GROUPS:
        if value >= unit:
            head, rest = divmod(value, unit)
            skipped = "零" if 0 < rest < unit // 10 else ""
            return ("两" if head == 2 else _whole(head)) + name + skipped + _whole(rest)
    return _below_ten_thousand(value)


def _below_ten_thousand(value: int) -> str:
    spoken = ""
    skipped = ""
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit:
            name = "两" if digit == 2 and place == 3 else _DIGITS[digit]
            spoken += skipped + name + _PLACES[place]
        skipped = "零" if spoken and not digit else ""
    return spoken


def digits(written: str, one: str = "一") -> str:
    """Spell each digit; ``one`` is 幺 in telephone numbers."""
    return "".join(one if int(digit) == 1 else _DIGITS[int(digit)] for digit in written)
