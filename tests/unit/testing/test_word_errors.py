import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.testing.word_errors import plain_words, word_errors


@pytest.mark.parametrize(
    ("written", "language", "plain"),
    [
        ("Mr. Quilter's gospel!", "en", "mister quilters gospel"),
        ("for 3 hours and 10 minutes", "en", "for three hours and ten minutes"),
        ("in 1455, for 1,200", "en", "in fourteen fifty five for twelve hundred"),
        ("90210 and 018", "en", "nine zero two one zero and zero one eight"),
        ("dictée numéro 1", "fr", "dictée numéro un"),
        ("打开客厅的灯。", "zh", "打 开 客 厅 的 灯"),
    ],
)
def test_spelling_does_not_count(written: str, language: str, plain: str):
    assert plain_words(written, language) == plain.split()


@pytest.mark.parametrize(
    ("expected", "heard", "wrong"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "", 3),
        ("", "a b", 2),
        ("a b", "b a", 2),
    ],
)
def test_insertions_removals_and_replacements_are_errors(expected: str, heard: str, wrong: int):
    assert word_errors(expected.split(), heard.split()) == wrong


@given(st.text(alphabet="abc", max_size=12), st.text(alphabet="abc", max_size=12))
def test_it_is_a_distance(left: str, right: str):
    assert word_errors(left, right) == word_errors(right, left) <= max(len(left), len(right))
    assert (word_errors(left, right) == 0) == (left == right)
