"""After the first phrase come whole sentences."""

import pytest

OPENING = "I would like to tell you something now. "
"""Long enough that what follows counts as later phrases."""


def later(said, text: str, language: str = "en") -> list[str]:
    return said(OPENING + text, language)[1:]


@pytest.mark.parametrize(
    "sentence",
    [
        "We met Dr. Smith and Mr. Jones at the station.",
        "J. R. R. Tolkien wrote it long ago.",
        "It was written by J. R. R. Tolkien.",
        "George W. Bush lives in Texas now.",
        "It costs about 3.50 dollars in the shop.",
        "The train leaves at 10:30 from here.",
        "Bring fruit, e.g. apples or pears.",
        "She moved to the U.S. in spring.",
        "Look at example.com for the rest.",
        "He said \"Stop!\" and left the room.",
        "Ask no. 5 about the garden.",
        "We close at 5 p.m. on Sundays.",
        "I wonder... maybe we should go.",
        "Version 3.11.2 is out now.",
        "Bread, milk, etc. are on the list.",
    ],
)  # fmt: skip
def test_a_sentence_stays_whole(split, sentence):
    phrases = split(OPENING + sentence + " This is the next one.")
    assert [phrase.text.strip() for phrase in phrases] == [OPENING.strip(), sentence, "This is the next one."]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("No. I do not think so.", ["No. I do not think so."]),
        ("The end is near. it was late.", ["The end is near. it was late."]),
        ('"I see it now." Then he left us.', ["I see it now.", "Then he left us."]),
        ("(This is an aside.) Now we go on.", ["This is an aside.", "Now we go on."]),
        ("What a lovely day!Shall we go out?", ["What a lovely day!", "Shall we go out?"]),
        ("It was the last day.The end had come.", ["It was the last day.", "The end had come."]),
        ("Really, did you do that?! I am impressed.", ["Really, did you do that?", "I am impressed."]),
        ("I take my vitamin C. It works.", ["I take my vitamin C.", "It works."]),
    ],
)
def test_sentences_end_where_a_person_ends_them(said, text, sentences):
    assert later(said, text) == sentences


def test_very_short_sentences_go_with_the_next_one(said):
    assert later(said, "Oh. I remember that day.") == ["Oh. I remember that day."]


def test_a_very_long_sentence_is_divided_at_a_comma(said):
    sentence = "the river, the old bridge, the mill with its wheel, " * 4 + "and the church."
    phrases = later(said, sentence)
    assert len(phrases) >= 2
    assert all(len(phrase) < 160 for phrase in phrases)
    assert all(phrase.endswith((",", ".")) for phrase in phrases)


def test_text_without_any_end_is_divided_all_the_same(said):
    phrases = later(said, "river bridge mountain valley " * 30)
    assert all(len(phrase) < 250 for phrase in phrases)


def test_a_word_without_end_is_divided_at_a_limit(split):
    assert max(len(phrase.text) for phrase in split("x" * 5000)) <= 400


def test_lines_and_list_items_are_phrases_of_their_own(said):
    assert said("Three things:\n\n- Tea\n- Milk\n* Sugar\n1. Boil it.\n2) Drink it.") == [
        "Three things:",
        "Tea",
        "Milk",
        "Sugar",
        "one, Boil it.",
        "two, Drink it.",
    ]


def test_chinese_sentences_end_at_their_own_marks(said):
    text = "我想告诉你一件很有意思的事情。“你知道吗？”他说。我不知道……然后，我们就走了！好的；没问题。"
    assert said(text, "zh") == [
        "我想告诉你一件很有意思的事情。",
        "你知道吗？",
        "他说。我不知道，然后，我们就走了！",
        "好的；没问题。",
    ]


def test_a_sentence_that_is_cut_in_the_middle_keeps_the_voice_up(said):
    first, *_ = said("I was thinking about the way that birds find their way home in the dark without a map.")
    assert first.endswith(",")
