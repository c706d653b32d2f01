"""The first phrase decides how long a person waits: it leaves as soon as it can be said."""

import pytest

from voicemate.tts.text.phrases import PhraseSplitter


def words_until_the_first_phrase(text: str, language: str = "en") -> tuple[int, str]:
    """How many pieces (words with the space before them) it took, and what the phrase says."""
    splitter = PhraseSplitter(language)
    pieces = text.replace(" ", "\0 ").split("\0")
    for count, piece in enumerate(pieces, 1):
        if phrases := splitter.feed(piece):
            return count, phrases[0].spoken
    return len(pieces), splitter.finish()[0].spoken


@pytest.mark.parametrize(
    ("text", "words", "phrase"),
    [
        ("Good morning, my friend, and how did you sleep?", 3, "Good morning,"),
        ("Yes. That is what I thought.", 2, "Yes."),
        ("Of course! I would love to hear about it.", 3, "Of course!"),
        ("That sounds lovely; tell me more about it.", 4, "That sounds lovely;"),
        ("Well, I think so, but ask again.", 5, "Well, I think so,"),
        ("*smiles* Good morning, my friend.", 4, "Good morning,"),
        ("**Good morning**, my friend.", 3, "Good morning,"),
        ("On May 5, 2024 we met.", 6, "On May fifth, twenty twenty-four we met."),
    ],
)
def test_it_ends_at_the_first_mark_after_a_few_words(text, words, phrase):
    assert words_until_the_first_phrase(text) == (words, phrase)


def test_without_a_comma_it_ends_before_a_word_that_begins_something_new():
    text = "I was thinking about the way that birds find their way home in the dark without any map"
    count, phrase = words_until_the_first_phrase(text)
    assert phrase == "I was thinking about the way that birds find their way home,"
    assert count <= 14


def test_a_breathless_sentence_is_divided_between_two_words_but_not_after_an_article():
    count, phrase = words_until_the_first_phrase(
        "red " * 5 + "blue yellow orange purple green silver golden the " * 9
    )
    assert count <= 18
    assert not phrase.endswith("the,")


def test_after_a_very_short_first_phrase_the_second_one_is_short_too(said):
    assert said("Yes. That is right, I believe, and so does everyone else here.")[:2] == ["Yes.", "That is right,"]


def test_a_chinese_first_clause_needs_three_or_more_characters():
    assert words_until_the_first_phrase("你好呀， 今天 过得 怎么样？", "zh") == (2, "你好呀，")
    assert words_until_the_first_phrase("嗯， 我 觉得 可以， 你 呢？", "zh")[1] == "嗯，我觉得可以，"


def test_chinese_without_punctuation_is_divided_before_a_conjunction(said):
    assert (
        said("我真的不知道应该怎么跟你说但是我觉得你应该去看看那个地方。", "zh")[0] == "我真的不知道应该怎么跟你说，"
    )


def test_a_lone_asterisk_at_the_start_does_not_hold_the_reply_up_for_more_than_a_few_sentences():
    splitter = PhraseSplitter("en")
    text = "*Good morning, my friend. " + "I slept well and dreamt of the sea. " * 5
    assert splitter.feed(text)[0].spoken == "Good morning,"
