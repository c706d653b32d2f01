"""What of a reply has been heard, to the word."""

import pytest

from voicemate.audio.interfaces import Span
from voicemate.conversation.heard_prefix import HeardPrefix
from voicemate.tts.text.phrases import Phrase, PhraseSplitter


def phrases(text: str) -> list[Phrase]:
    splitter = PhraseSplitter("en")
    return [*splitter.feed(text), *splitter.finish()]


def queued(text: str, length: int = 1_000, start: int = 0) -> HeardPrefix:
    """Each phrase of ``text`` queued as ``length`` samples, from ``start`` on."""
    prefix = HeardPrefix()
    for number, phrase in enumerate(phrases(text)):
        begin = start + number * length
        prefix.add(phrase, Span(begin, begin + length))
    return prefix


def test_nothing_is_heard_before_the_first_sample() -> None:
    prefix = queued("This is a test.", start=500)
    assert prefix.first_sample() == 500
    assert prefix.up_to(500) == ""


def test_an_empty_reply_has_no_first_sample() -> None:
    prefix = HeardPrefix()
    assert prefix.first_sample() is None
    assert prefix.up_to(1_000) == ""


@pytest.mark.parametrize(
    ("position", "heard"),
    [(1_000, "This is a test."), (1_500, "This is a test. It works"), (9_000, "This is a test. It works well.")],
)
def test_phrases_count_when_their_samples_have_left_the_speaker(position: int, heard: str) -> None:
    text = queued("This is a test. It works well.").up_to(position)
    assert heard.startswith(text) if position == 1_500 else text == heard


def test_a_phrase_that_was_cut_off_counts_in_whole_words_only() -> None:
    text = queued("Extraordinarily complicated sentences.").up_to(600)
    assert "Extraordinarily complicated sentences.".startswith(text)
    assert set(text.split()) <= {"Extraordinarily", "complicated", "sentences."}


def test_what_is_not_read_out_counts_with_what_came_before_it() -> None:
    prefix = HeardPrefix()
    first, second = phrases("One thing. Another thing.")
    prefix.add(first, Span(0, 1_000))
    prefix.add(second, None)
    assert prefix.up_to(1_000) == "One thing. Another thing."


def test_each_phrase_starts_once() -> None:
    prefix = queued("One thing. Another thing.")
    assert [phrase.text.strip() for phrase in prefix.newly_started(1)] == ["One thing."]
    assert prefix.newly_started(900) == []
    assert [phrase.text.strip() for phrase in prefix.newly_started(1_500)] == ["Another thing."]


def test_between_two_positions_are_the_phrases_of_which_a_sample_lies_there() -> None:
    prefix = queued("One thing. Another thing. A third thing.")
    assert prefix.between(1_500, 1_600) == "Another thing."
    assert prefix.between(900, 1_100) == "One thing. Another thing."
    assert prefix.between(5_000, 6_000) == ""
