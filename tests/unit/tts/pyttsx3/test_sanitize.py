"""What a text may not do to a driver."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.tts.pyttsx3.synthesizer import sanitize


@pytest.mark.parametrize(
    "text",
    ["I would love some tea.", "你好，世界！", "naïve café — 3½", "می‌خواهم", "a [note] here", "नमस्ते क्‍ष"],
)
def test_what_people_write_stays_as_it_is(text):
    assert sanitize(text) == text


def test_control_characters_and_lone_surrogates_become_spaces():
    assert sanitize("one\x00two\nthree\x1b[31m \ud800") == "one two three [31m  "


@given(st.text(alphabet="[] ab"))
def test_no_text_holds_a_command_to_the_macos_synthesizer(text):
    assert "[[" not in sanitize(text)
    assert sanitize(text).replace(" ", "") == text.replace(" ", "")
