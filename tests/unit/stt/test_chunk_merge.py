import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.stt import chunk_merge


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        (
            "I went to the store to buy a loa",
            "to buy a loaf of bread.",
            "I went to the store to buy a loaf of bread.",
        ),
        ("to the store to buy", "The store to buy a loaf.", "to the store to buy a loaf."),
        ("one two three", "four five six", "one two three four five six"),
        ("今天天气很好我们去公", "我们去公园散步吧", "今天天气很好我们去公园散步吧"),
        ("I did not succeed.", "and that however", "I did not succeed and that however"),
        ("", "hello", "hello"),
        ("hello", "", "hello"),
    ],
)
def test_words_on_both_sides_of_a_cut_are_kept_once(before: str, after: str, joined: str):
    assert chunk_merge.merge([before, after], [False, True]) == joined


def test_chunks_that_end_in_a_pause_are_concatenated():
    assert chunk_merge.merge(["No, no.", "No, no."], [False, False]) == "No, no. No, no."
    assert chunk_merge.merge(["你好。", "你好。"], [False, False]) == "你好。你好。"


@given(st.integers(14, 30), st.data())
def test_no_word_is_lost_however_the_chunks_overlap(length: int, data: st.DataObject):
    spoken = [f"word{number}" for number in range(length)]
    begin = data.draw(st.integers(7, length - 1))
    end = data.draw(st.integers(begin, min(length, begin + 6)))
    joined = chunk_merge.merge([" ".join(spoken[:end]), " ".join(spoken[begin:])], [False, True])
    assert joined.split() == spoken
