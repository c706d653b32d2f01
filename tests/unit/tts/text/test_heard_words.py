"""After an interruption a character remembers what was heard of its words, and nothing more."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.tts.text.phrases import Phrase

FRACTIONS = [step / 20 for step in range(21)]
TEXTS = st.lists(
    st.sampled_from(
        [
            "Good",
            "morning",
            "10:30",
            "$5.50",
            "**bold**",
            "*smiles*",
            "😀",
            "[link](http://a.b)",
            "e.g.",
            "你好",
            "3公里",
            " ",
            " ",
            ", ",
            ". ",
            "，",
            "\n",
        ]
    ),
    max_size=25,
).map("".join)


@settings(max_examples=80, deadline=None)
@given(text=TEXTS, language=st.sampled_from(["en", "zh", "de"]))
def test_what_was_heard_grows_from_nothing_to_the_whole_text(split, text, language):
    for phrase in split(text, language):
        assert phrase.heard_text(0) == ""
        assert phrase.heard_text(-0.1) == ""
        assert phrase.heard_text(1) == phrase.heard_text(1.5) == phrase.text
        heard = ""
        for fraction in FRACTIONS:
            longer = phrase.heard_text(fraction)
            assert longer.startswith(heard)
            assert phrase.text.startswith(longer)
            heard = longer


def all_prefixes(phrase: Phrase) -> list[str]:
    return list(dict.fromkeys(phrase.heard_text(step / 1000) for step in range(1001)))


def test_only_whole_words_count(split):
    (phrase,) = split("Come at 10:30 dear.")
    assert all_prefixes(phrase) == ["", "Come", "Come at", "Come at 10:30", "Come at 10:30 dear."]


def test_a_written_word_counts_when_all_its_spoken_words_are_out(split):
    (phrase,) = split("It costs $5.50 now.")
    assert phrase.spoken == "It costs five dollars and fifty cents now."
    assert phrase.heard_text(0.5) == "It costs"
    assert phrase.heard_text(0.85) == "It costs $5.50"


def test_markup_in_front_of_a_heard_word_is_part_of_what_was_heard(split):
    (phrase,) = split("*smiles* I **really** mean it")
    assert all_prefixes(phrase) == [
        "",
        "*smiles* I",
        "*smiles* I **really",
        "*smiles* I **really** mean",
        "*smiles* I **really** mean it",
    ]


def test_chinese_is_heard_character_by_character(split):
    (phrase,) = split("我有2只猫！", "zh")
    assert all_prefixes(phrase) == ["", "我", "我有", "我有2", "我有2只", "我有2只猫！"]


def test_half_of_the_sound_is_about_half_of_the_words(split):
    (phrase,) = split("one two six ten one two six ten")
    assert phrase.heard_text(0.51) == "one two six ten"


def test_a_pause_in_the_middle_takes_its_time(split):
    (phrase,) = split("one, two")
    with_pause = next(fraction for fraction in FRACTIONS if phrase.heard_text(fraction))
    (phrase,) = split("one two")
    assert with_pause < next(fraction for fraction in FRACTIONS if phrase.heard_text(fraction))


@pytest.mark.parametrize("fraction", [0.3, 0.999])
def test_a_silent_phrase_is_heard_when_it_is_over(fraction):
    assert Phrase("*waves*", "").heard_text(fraction) == ""
    assert Phrase("*waves*", "").heard_text(1) == "*waves*"
