from hypothesis import given
from hypothesis import strategies as st

from voicemate.stt import tokens


def test_european_words_are_parted_at_spaces_and_chinese_ones_at_every_character():
    assert tokens.split("Turn it on, please.") == ["Turn ", "it ", "on, ", "please."]
    assert tokens.split("打开客厅的灯。 OK") == ["打", "开", "客", "厅", "的", "灯。 ", "OK"]


def test_words_are_compared_without_case_and_punctuation():
    assert tokens.key("Don't, ") == tokens.key("DONT")
    assert tokens.key("灯。") == "灯"
    assert tokens.key("…") == ""


@given(st.text())
def test_nothing_of_the_text_is_lost(text: str):
    assert "".join(tokens.split(text)) == text.lstrip()
