import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.tts.normalization.chinese_numbers import cardinal


@pytest.mark.parametrize(
    ("value", "characters"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (200, "二百"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (2002, "两千零二"),
        (10_000, "一万"),
        (10_010, "一万零一十"),
        (20_000, "两万"),
        (100_001, "十万零一"),
        (110_000, "十一万"),
        (120_000_000, "一亿两千万"),
        (200_002_000, "两亿零两千"),
        (1_234_567_890, "十二亿三千四百五十六万七千八百九十"),
        (10**12, "一万亿"),
    ],
)
def test_numbers_in_characters(value, characters):
    assert cardinal(value) == characters


def in_digits(characters: str) -> int:
    """The value of a number in characters, read from left to right: the other way round, and by other means."""
    total = group = digit = 0
    above = 0  # what stands before 亿
    for character in characters:
        if character in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(character)
        elif character == "两":
            digit = 2
        elif character in "十百千":
            group += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[character]
            digit = 0
        elif character == "万":
            total, group, digit = (group + digit) * 10_000, 0, 0
        else:
            above, total, group, digit = total + group + digit, 0, 0, 0
    return above * 10**8 + total + group + digit


@given(st.one_of(st.integers(0, 10**5), st.integers(0, 10**16 - 1)))
def test_a_number_in_characters_says_its_value(value):
    assert in_digits(cardinal(value)) == value


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2024年3月5日", "二零二四年三月五日"),
        ("2024-03-05，2024/3/5", "二零二四年三月五日，二零二四年三月五日"),
        ("1939-1945年，1980年代，80年代", "一九三九到一九四五年，一九八零年代，八十年代"),
        ("10:30，14:00，9:05，2:00，8:15:20", "十点半，十四点，九点零五分，两点，八点十五分二十秒"),
        ("3公里，3km，60km/h，10㎡，2kg", "三公里，三公里，六十公里每小时，十平方米，两公斤"),
        ("20℃，-5°C，-5度，15~20度，37.5°C", "二十摄氏度，零下五摄氏度，零下五度，十五到二十度，三十七点五摄氏度"),
        ("50%，3.5%，3-5%", "百分之五十，百分之三点五，百分之三到五"),
        ("2个人，12个，第2个，2-3天", "两个人，十二个，第二个，两到三天"),
        ("2点，2月，2楼，2小时，2万", "两点，二月，二楼，两小时，两万"),
        ("¥50，$5，3.5万元，￥1,200，5€", "五十元，五美元，三点五万元，一千二百元，五欧元"),
        ("13800138000", "幺三八零零幺三八零零零"),
        ("138-0013-8000，010-12345678", "幺三八，零零幺三，八零零零，零幺零，幺二三四五六七八"),
        ("1/2，3:2，1.5亿，12,345人", "二分之一，三比二，一点五亿，一万两千三百四十五人"),
        ("007，版本3.11.2", "零零七，版本三点十一点二"),
        ("3x4=12，10-3=7，约~5个", "三乘四等于十二，十减三等于七，约约五个"),
        ("他/她，A&B，No.1", "他或她，A和B，第一"),
        ("写信到me@example.com", "写信到me艾特example点com"),
        ("看https://www.example.com/docs。", "看example点com斜杠docs。"),
        ("５０％的ＡＢＣ", "百分之五十的ABC"),
        ("用GPU跑Python 3.11，OK吗？", "用GPU跑Python三点一一，OK吗？"),
        ("“好的！”——他说……（小声）", "好的！他说，小声，"),
        ("你好, 世界.", "你好，世界。"),
        ("海洋·之心《红楼梦》", "海洋之心红楼梦"),
    ],
)
def test_chinese_text(read_out, written, spoken):
    assert read_out(written, "zh") == spoken
