from hypothesis import given
from hypothesis import strategies as st

from voicemate.stt import tokens


def test_european_words_split_at_spaces_and_chinese_at_every_character():
    assert tokens.split_words("Turn it on, please.") == ["Turn ", "it ", "on, ", "please."]
    assert tokens.split_words("打开客厅的灯。 OK") == ["打", "开", "客", "厅", "的", "灯。 ", "OK"]


def test_words_are_compared_without_case_and_punctuation():
    assert tokens.normalized("Don't, ") == tokens.normalized("DONT")
    assert tokens.normalized("灯。") == "灯"
    assert tokens.normalized("…") == ""


@given(st.text())
def test_nothing_of_the_text_is_lost(text: str):
    assert "".join(tokens.split_words(text)) == text.lstrip()
