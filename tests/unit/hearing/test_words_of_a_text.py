from hypothesis import given
from hypothesis import strategies as st

from voicemate.hearing import words


def test_european_words_are_parted_at_spaces_and_chinese_ones_at_every_character():
    assert words.split("Turn it on, please.") == ["Turn ", "it ", "on, ", "please."]
    assert words.split("打开客厅的灯。 OK") == ["打", "开", "客", "厅", "的", "灯。 ", "OK"]


def test_words_are_compared_without_case_and_punctuation():
    assert words.key("Don't, ") == words.key("DONT")
    assert words.key("灯。") == "灯"
    assert words.key("…") == ""


@given(st.text())
def test_nothing_of_the_text_is_lost(text: str):
    assert "".join(words.split(text)) == text.lstrip()
