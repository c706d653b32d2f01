"""The character's own words in the microphone, and the person's among them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.turns.interruption.echo_text import without_echo

IN_AIR = "I sell books by the sea, and my cat Basil sleeps on the best ones. And you, what do you like to read?"


@pytest.mark.parametrize(
    "heard",
    [
        "and my cat Basil sleeps on the",
        "my cat",
        "Basil",
        "and my cat bezel sleeps on the best once",  # misheard
        "by the see, and my cat",
        "ells books by the s",  # cut in the middle of words
        "What do you like to read?",
        "And my cat sleeps on the best ones.",  # a word lost
        "",
        "...",
    ],
)
def test_what_the_character_says_is_echo(heard: str):
    assert without_echo(heard, IN_AIR) == ""


@pytest.mark.parametrize(
    "heard",
    [
        *("Stop.", "Mm-hmm.", "Yeah.", "Wait a minute.", "No.", "Can you tell me what time it is?"),
        *("What do you mean by that?", "I like crime novels.", "The weather is nice today.", "停。"),
    ],
)
def test_what_the_person_says_is_not(heard: str):
    assert without_echo(heard, IN_AIR) == heard


@pytest.mark.parametrize(
    ("heard", "own"),
    [
        ("sleeps on the best ones wait stop", "wait stop"),
        ("my cat Basil sleeps, please tell me something else", "please tell me something else"),
        ("Excuse me, and my cat Basil sleeps on", "Excuse me,"),
        ("and my cat Basil sleeps. Wait.", "Wait."),
    ],
)
def test_of_both_together_the_persons_words_are_left(heard: str, own: str):
    assert without_echo(heard, IN_AIR) == own


def test_a_word_repeated_with_another_is_the_persons():
    assert without_echo("Books? Really?", IN_AIR) != ""


def test_a_tag_is_not_the_persons_words():
    assert without_echo("(static)", IN_AIR) == ""
    assert without_echo("and my cat Basil [music]", IN_AIR) == ""


def test_nothing_is_echo_while_nothing_is_in_the_air():
    assert without_echo("Hello there.", "") == "Hello there."


def test_chinese_is_compared_by_characters():
    in_air = "我想问你，今天天气怎么样，要不要出去走走？"
    assert without_echo("今天天汽怎么样", in_air) == ""
    assert without_echo("停。", in_air) == "停。"
    assert without_echo("我不想出去。", in_air)


def test_a_number_is_echo_though_whisper_writes_it_in_digits():
    assert without_echo("It's 10 past 4.", "It's ten past four.") == ""


def test_a_short_word_is_no_echo_of_pieces_of_others():
    assert without_echo("Stop.", "This topic is rather cold.") != ""
    assert without_echo("top", "This topic is rather cold.") == ""


WORDS = IN_AIR.split()
PLACES = st.integers(0, len(WORDS))


@settings(deadline=None)
@given(PLACES, PLACES)
def test_any_words_that_are_in_the_air_are_echo(begin: int, end: int):
    assert without_echo(" ".join(WORDS[begin:end]), IN_AIR) == ""


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_what_is_left_was_heard(heard: str, in_air: str):
    left = without_echo(heard, in_air)
    assert len(left) <= len(heard)
    assert all(character in heard for character in left if not character.isspace())


def test_numbers_alone_are_the_persons_unless_the_character_speaks_of_numbers() -> None:
    assert without_echo("1, 2.", "mended nets for the fishermen") == "1, 2."
    assert without_echo("10", "it was 10 past four, ten past four") == ""
