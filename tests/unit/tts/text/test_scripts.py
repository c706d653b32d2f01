"""Who reads what in a text of several scripts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.tts.text.scripts import split_by_script, unreadable_scripts


@pytest.mark.parametrize(
    ("driver", "language", "text", "expected"),
    [
        ("espeak", "en", "I would love some tea.", [("", "I would love some tea.")]),
        ("espeak", "en", "The word 你好 means hello.", [("", "The word "), ("zh", "你好 "), ("", "means hello.")]),
        ("espeak", "en", "你好! How are you?", [("zh", "你好! "), ("", "How are you?")]),
        ("espeak", "zh", "我喜欢 machine learning。", [("", "我喜欢 "), ("en", "machine learning。")]),
        ("espeak", "zh", "“OK，”他说。", [("en", "“OK，”"), ("", "他说。")]),
        ("espeak", "zh", "3点20分见。", [("", "3点20分见。")]),
        ("nsss", "zh", "我喜欢 machine learning。", [("", "我喜欢 machine learning。")]),
        ("nsss", "en", "The word 你好 means hello.", [("", "The word "), ("zh", "你好 "), ("", "means hello.")]),
        ("nsss", "ja", "東京タワーです", [("", "東京タワーです")]),
        ("espeak", "uk", "Привіт, 北京!", [("", "Привіт, "), ("zh", "北京!")]),
        ("espeak", "el", "Καλημέρα", [("", "Καλημέρα")]),
        ("espeak", "fr", "déjà vu", [("", "déjà vu")]),
        ("espeak", "en", "12:30!", [("", "12:30!")]),
        ("espeak", "en", "", []),
    ],
)
def test_each_voice_reads_what_it_can(driver, language, text, expected):
    assert split_by_script(text, unreadable_scripts(driver, language)) == expected


@given(st.text(alphabet="ab 12,。你好アé안Ж"), st.sampled_from(["en", "zh", "ja", "ru"]))
def test_nothing_of_a_text_is_lost_or_said_twice(text, language):
    pieces = split_by_script(text, unreadable_scripts("espeak", language))
    assert "".join(piece for _, piece in pieces) == text
    assert all(first[0] != second[0] for first, second in pairwise(pieces))
