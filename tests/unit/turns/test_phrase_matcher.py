"""Transcripts against phrases, however whisper writes them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.turns.phrase_matcher import PhraseMatcher, normalized_words, parse_phrases


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mm-hmm.", ["mm", "hmm"]),
        ("That's RIGHT!", ["thats", "right"]),
        ("Sí, ¿qué?", ["si", "que"]),
        ("yeah...but", ["yeah", "but"]),
        ("對，好的。", ["对", "好", "的"]),
        ("d’accord", ["daccord"]),
        ("?!", []),
    ],
)
def test_only_the_words_count(text: str, said: list[str]):
    assert normalized_words(text) == said


def test_a_text_of_phrases_is_taken_apart_into_as_few_as_possible():
    book = PhraseMatcher(parse_phrases("all, all right, right, you"))
    assert book.parse(normalized_words("All right, you!")) == [("all", "right"), ("you",)]


def test_one_foreign_word_makes_it_something_else():
    assert PhraseMatcher(parse_phrases("yeah, right")).parse(normalized_words("yeah right maybe")) is None


def test_words_of_many_spellings_are_given_by_a_pattern():
    book = PhraseMatcher(parse_phrases("yeah"), r"m+h*m+")
    assert book.parse(["mhm", "yeah", "mmmmmm"]) == [("mhm",), ("yeah",), ("mmmmmm",)]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["oh", "my", "god", "oh my god", "my god"]), max_size=6))
def test_whatever_is_put_together_from_phrases_is_recognized(parts: list[str]):
    book = PhraseMatcher(parse_phrases("oh, my, god, oh my god, my god"))
    parsed = book.parse(normalized_words(" ".join(parts)))
    assert parsed is not None
    assert len(parsed) <= len(parts)
    assert [word for phrase in parsed for word in phrase] == " ".join(parts).split()


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str):
    assert all(normalized_words(text))
