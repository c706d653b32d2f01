from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.llm.stop_text import ReplyText, soft_token_limit


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


@given(st.text(), st.lists(st.integers(0, 200)))
def test_however_the_bytes_come_the_text_is_whole(words, cuts):
    text = ReplyText(["<|im_end|>"])
    given_out = [text.add(piece) for piece in pieces_of(words.encode(), cuts)]
    assert "".join([*given_out, text.finish()]) == words.lstrip()


@given(st.text(alphabet="ab<|>", max_size=20), st.text(alphabet="ab<|>", max_size=20), st.lists(st.integers(0, 60)))
def test_nothing_of_a_marker_or_behind_it_gets_out(before, behind, cuts):
    markers = ("<|a|>", "|b|")
    words = before + "<|a|>" + behind
    expected = words[: min(words.find(marker) for marker in markers if marker in words)]
    text = ReplyText(markers)
    given_out = [text.add(piece) for piece in pieces_of(words.encode(), cuts)]
    assert "".join([*given_out, text.finish()]) == expected
    assert text.ended


def test_text_is_given_out_as_soon_as_it_is_certain():
    text = ReplyText(["<|im_end|>"])
    assert text.add(b" Hello") == "Hello"
    assert text.add(b", you") == ", you"


def test_a_half_character_waits_for_its_other_half():
    text = ReplyText()
    first, second = "猫".encode()[:2], "猫".encode()[2:]
    assert text.add(first) == ""
    assert text.add(second) == "猫"


def test_bytes_that_are_no_text_are_dropped():
    text = ReplyText()
    assert text.add(b"caf\xff\xc3\xa9 ") == "café "


def test_a_broken_off_marker_is_text_after_all():
    text = ReplyText(["<|im_end|>"])
    assert text.add(b"a <|im") == "a "
    assert text.add(b"age") == "<|image"
    assert text.add(b" <|") == " "
    assert text.finish() == "<|"


def test_white_space_before_the_first_word_is_dropped():
    text = ReplyText()
    assert text.add(b"\n\n ") == ""
    assert text.empty
    assert text.add(b" So") == "So"
    assert not text.empty


@pytest.mark.parametrize(
    "words",
    [
        "It is late.",
        "Really?",
        'She said: "Go home!"',
        "Well...",
        "So what… ",
        "今天天气很好。",
        "你好吗？」",
        "Nice.)",
    ],
)
def test_a_whole_sentence_ends_a_reply(words):
    text = ReplyText()
    text.add(words.encode())
    assert text.at_sentence_end


@pytest.mark.parametrize("words", ["It is", "Ask Dr.", "It costs 3.", "e.g.", "the U.S.", "one, two,", "我想，"])
def test_a_sentence_that_goes_on_does_not(words):
    text = ReplyText()
    text.add(words.encode())
    assert not text.at_sentence_end


@pytest.mark.parametrize(("limit", "begins"), [(8, 4), (80, 40), (160, 120), (400, 300)])
def test_the_last_part_of_a_reply_is_a_quarter_or_a_long_sentence_but_at_most_half(limit, begins):
    assert soft_token_limit(limit) == begins
