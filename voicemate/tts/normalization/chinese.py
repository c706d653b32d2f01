"""The rules for Chinese text that is not plain characters."""

import re
from collections.abc import Callable

from voicemate.tts.normalization.addresses import address_rules
from voicemate.tts.normalization.chinese_numbers import NUMBER, before_measure_word, cardinal, digits, number
from voicemate.tts.normalization.rules import alternatives, rule
from voicemate.tts.text.word_lists import CHINESE_MEASURES

_UNITS = {
    "km": "公里",
    "m": "米",
    "cm": "厘米",
    "mm": "毫米",
    "kg": "公斤",
    "g": "克",
    "mg": "毫克",
    "L": "升",
    "l": "升",
    "ml": "毫升",
    "mL": "毫升",
    "h": "小时",
    "min": "分钟",
    "s": "秒",
    "ms": "毫秒",
    "W": "瓦",
    "kW": "千瓦",
    "kWh": "千瓦时",
    "V": "伏",
    "Hz": "赫兹",
    "kHz": "千赫",
    "MHz": "兆赫",
    "GHz": "吉赫",
    "dB": "分贝",
    "kcal": "千卡",
    "㎞": "公里",
    "㎝": "厘米",
    "㎜": "毫米",
    "㎏": "公斤",
    "㎡": "平方米",
}
_POWERS = {"²": "平方", "2": "平方", "³": "立方", "3": "立方"}
_PER = {"h": "小时", "s": "秒", "min": "分钟", "天": "天", "kg": "公斤", "L": "升", "m": "米", "月": "月", "年": "年"}
_MONEY = {"¥": "元", "￥": "元", "$": "美元", "US$": "美元", "€": "欧元", "£": "英镑", "₩": "韩元", "HK$": "港元"}
_SCALES = {"C": "摄氏度", "℃": "摄氏度", "F": "华氏度", "℉": "华氏度"}
_PHONE_ONE = "幺"

_ALONE = r"(?<![A-Za-z0-9_.])"
_NOT_LATIN = r"(?![A-Za-z0-9_])"
_AMOUNT = (
    rf"{_ALONE}(?:(?<![-,)%°])(?P<minus>[-−]))?(?P<first>{NUMBER})"
    rf"(?:\s?[-–~至到]\s?(?P<last>{NUMBER})(?!\s?=))?"
)
_AMOUNT_ONLY = rf"(?P<first>{NUMBER})(?:\s?[-–~至到]\s?(?P<last>{NUMBER}))?"
_YEAR = r"(?P<year>[12]\d{3})"
_MONTH = r"(?P<month>0?[1-9]|1[0-2])"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])"

_SYMBOLS = {
    "&": "和",
    "+": "加",
    "=": "等于",
    "<": "小于",
    ">": "大于",
    "≤": "不大于",
    "≥": "不小于",
    "≠": "不等于",
    "≈": "约等于",
    "×": "乘以",
    "÷": "除以",
    "±": "正负",
    "@": "艾特",
    "%": "百分之",
    "°": "度",
    "℃": "摄氏度",
    "℉": "华氏度",
    "№": "第",
    "²": "平方",
    "³": "立方",
    "½": "二分之一",
    "⅓": "三分之一",
    "⅔": "三分之二",
    "¼": "四分之一",
    "¾": "四分之三",
    "$": "美元",
    "€": "欧元",
    "£": "英镑",
    "¥": "元",
    "￥": "元",
}
_ADDRESS_SIGNS = {".": "点", "-": "杠", "_": "下划线", "/": "斜杠", "+": "加", "@": "艾特", "#": "话题"}


def _span(found: re.Match[str], say: Callable[[str], str] = number) -> str:
    """Return one number, or a range."""
    first = say(found["first"])
    return f"{first}到{say(found['last'])}" if found["last"] else first


def _signed(found: re.Match[str], say: Callable[[str], str] = number) -> str:
    return ("负" if found["minus"] else "") + _span(found, say)


def _date(found: re.Match[str]) -> str:
    return f"{digits(found['year'])}年{cardinal(int(found['month']))}月{cardinal(int(found['day']))}日"


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found["hour"]), int(found["minute"])
    spoken = f"{before_measure_word(str(hour))}点"
    if minute == 30:
        spoken += "半"
    elif minute:
        spoken += f"{'零' if minute < 10 else ''}{cardinal(minute)}分"
    elif found["second"]:
        spoken += "零分"
    if found["second"] and int(found["second"]):
        spoken = spoken.replace("半", "三十分") + f"{cardinal(int(found['second']))}秒"
    return spoken


def _temperature(found: re.Match[str]) -> str:
    scale = _SCALES.get((found["scale"] or "")[-1:], "度")
    return ("零下" if found["minus"] else "") + _span(found) + scale


def _measure(found: re.Match[str]) -> str:
    power = _POWERS.get(found["power"] or "", "")
    per = f"每{_PER[found['per']]}" if found["per"] else ""
    return f"{_signed(found, before_measure_word)}{power}{_UNITS[found['unit']]}{per}"


def _money(found: re.Match[str]) -> str:
    return f"{_span(found, before_measure_word)}{found['scale'] or ''}{_MONEY[found['sign']]}"


def _percent(found: re.Match[str]) -> str:
    return ("负" if found["minus"] else "") + "百分之" + _span(found)


def _phone(found: re.Match[str]) -> str:
    return "，".join(digits(group, _PHONE_ONE) for group in re.findall(r"\d+", found[0]))


def _fraction(found: re.Match[str]) -> str:
    return f"{number(found[2])}分之{number(found[1])}"


CHINESE = (
    *address_rules(_ADDRESS_SIGNS),
    rule(rf"(?<![\d-]){_YEAR}(?P<sep>[-/]){_MONTH}(?P=sep){_DAY}(?![\d/-])", _date),
    rule(
        rf"{_ALONE}(?P<first>[12]\d{{3}})\s?[-–~至到]\s?(?P<last>[12]\d{{3}})(?=\s?年)",
        lambda m: f"{digits(m['first'])}到{digits(m['last'])}",
    ),
    rule(rf"{_ALONE}(?!1000){_YEAR}(?=\s?年)", lambda m: digits(m["year"])),
    rule(
        r"(?<![\d:.])(?P<hour>[01]?\d|2[0-3])[:：](?P<minute>[0-5]\d)(?:[:：](?P<second>[0-5]\d))?(?![\d:])",
        _time,
    ),
    rule(rf"{_ALONE}\d{{1,4}}[:：]\d{{1,4}}(?![\d:])", lambda m: "比".join(map(number, re.split("[:：]", m[0])))),
    rule(rf"{_ALONE}(?:\+86[ -]?)?1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}(?!\d)", _phone),
    rule(rf"{_ALONE}(?:0\d{{2,3}}|400)-\d{{3,4}}-?\d{{4}}(?!\d)", _phone),
    rule(rf"(?P<sign>{alternatives(_MONEY)})\s?{_AMOUNT_ONLY}(?P<scale>[百千]?[万亿])?", _money),
    rule(rf"{_ALONE}{_AMOUNT_ONLY}(?P<scale>[百千]?[万亿])?\s?(?P<sign>[€£$])", _money),
    rule(rf"{_AMOUNT}\s?%", _percent),
    rule(rf"{_AMOUNT}\s?(?P<scale>℃|℉|°\s?(?:[CF]{_NOT_LATIN})?)", _temperature),
    rule(rf"(?P<minus>(?<![A-Za-z0-9_.,)%°-])[-−])(?P<first>{NUMBER})(?P<last>)(?P<scale>)(?:摄氏)?度", _temperature),
    rule(
        rf"{_AMOUNT}\s?(?P<unit>{alternatives(_UNITS)})(?P<power>[²³23])?(?:/(?P<per>{alternatives(_PER)}))?{_NOT_LATIN}",
        _measure,
    ),
    rule(rf"{_ALONE}(\d{{1,3}})/(\d{{1,3}})(?![\d/])", _fraction),
    rule(rf"(?<=第)\s?({NUMBER})", lambda m: number(m[1])),
    rule(rf"(?:No\.|\#|№)\s?({NUMBER})", lambda m: "第" + number(m[1])),
    rule(r"(?<=\d)\s?[-−–]\s?(?=\d+(?:\.\d+)?\s?=)", "减"),
    rule(r"(?<=\d)\s?[x×]\s?(?=\d)", "乘"),
    rule(rf"{_ALONE}\d+(?:\.\d+){{2,}}", lambda m: "点".join(map(number, m[0].split(".")))),
    rule(rf"{_AMOUNT}(?=\s?(?:{alternatives(CHINESE_MEASURES)}))", lambda m: _signed(m, before_measure_word)),
    rule(_AMOUNT, _signed),
    rule(NUMBER, lambda m: number(m[0])),
    rule(r"(?<=[\d%℃])\s?[-–~]\s?(?=[$€£¥￥]?\d)", "到"),
    rule(r"[~≈]\s?(?=[$€£¥￥]?\d)", "约"),
    rule(r"(?<=[^\W\d])/(?=[^\W\d])", "或"),
    rule(alternatives(_SYMBOLS), lambda m: f" {_SYMBOLS[m[0]]} "),
)
