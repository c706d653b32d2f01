import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.stt import repetition


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("What is the weather? What is the weather? What is the weather?", "What is the weather?"),
        ("Lock the front door. Lock the front door.", "Lock the front door."),
        ("And so, my fellow Americans. And so my fellow", "And so, my fellow Americans. And so my fellow"),
        ("Hello? Are you there? Hello Hello Hello Hello Hello", "Hello? Are you there? Hello"),
        ("打开客厅的灯。打开客厅的灯。打开客厅的灯", "打开客厅的灯。"),
    ],
)
def test_a_looping_phrase_is_kept_once(text: str, once: str):
    assert repetition.is_repetitive(text) == (text != once)
    assert repetition.without_repetition(text) == once


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no.",
        "Bye bye.",
        "one zero zero zero one",
        "Ever tried, ever failed. No matter. Try again. Fail again. Fail better.",
        "谢谢谢谢",
        "对不起对不起",
        "",
    ],
)
def test_natural_repetitions_are_kept(text: str):
    assert not repetition.is_repetitive(text)


@given(st.text(alphabet="ab ,.", max_size=60))
def test_no_suspicious_repetition_remains(text: str):
    assert not repetition.is_repetitive(repetition.without_repetition(text))


@pytest.mark.parametrize(
    ("text", "nothing_else"),
    [
        ("No, no, no.", True),
        ("Resume timer. Resume timer.", True),
        ("No, no. Why?", False),
        ("No.", False),
        ("", False),
    ],
)
def test_a_text_of_one_repeated_phrase_is_detected(text: str, nothing_else: bool):
    assert repetition.is_only_repetition(text) is nothing_else
