"""The character's name in transcripts: found in whisper's spellings, not in other words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.turns.wake_phrase import WakePhrase

JUNIPER, AMBROSE, XIAOLAN = WakePhrase("Juniper"), WakePhrase("Ambrose"), WakePhrase("小岚")


@pytest.mark.parametrize(
    "text",
    [
        *("Juniper, what time is it?", "Hey Juniper!", "What do you think, Juniper?", "JUNIPER", "I like Juniper."),
        *("June iper, hello.", "junipur?", "Genie per, stop.", "You nipper, what time is it?", "Junipers"),
    ],
)
def test_a_name_is_found_anywhere_and_in_many_spellings(text: str):
    assert JUNIPER.find(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "What time is it?", "Jennifer called.", "A junior partner.", "Jupiter is a planet.", "You never know."),
        *("Jump over it.", "The engine peers into it.", "uniform", "June is here.", "Your neighbor is here."),
    ],
)
def test_other_words_are_not_the_name(text: str):
    assert JUNIPER.find(text) is None


@pytest.mark.parametrize("text", ["Ambros, hello.", "Um bros, hello.", "Hey Ambroz!", "Embrose?"])
def test_another_name_is_found_by_its_sound(text: str):
    assert AMBROSE.find(text)


@pytest.mark.parametrize(
    "text", ["A brown rose.", "I'm lost.", "Numbers, please.", "and those stop", "She embraces him."]
)
def test_words_with_some_of_its_sounds_are_not_the_other_name(text: str):
    assert AMBROSE.find(text) is None


@pytest.mark.parametrize(
    "text", ["小岚，你好。", "你好，小兰！", "晓岚在吗？", "小蓝停一下", "Hey Xiaolan, hello.", "小嵐，醒醒。"]
)
def test_a_chinese_name_is_found_in_characters_of_the_same_sound(text: str):
    assert XIAOLAN.find(text)


@pytest.mark.parametrize("text", ["小男孩在哪里？", "小时候很好。", "下来吧。", "小王来了。", "Hey Shannon."])
def test_other_characters_are_not_the_chinese_name(text: str):
    assert XIAOLAN.find(text) is None


def test_a_short_name_must_sound_the_same():
    mei = WakePhrase("Mei")
    assert mei.find("Hey May, hello.")
    assert mei.find("Mae?")
    assert mei.find("It was me, my dear.") is None
    assert WakePhrase("Luna").find("Lean a bit, at lunch.") is None


def test_a_phrase_of_several_words_is_found():
    phrase = WakePhrase("Hey Computer")
    assert phrase.find("Hey, computer, lights on.")
    assert phrase.find("My computer is slow.") is None


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("Hey Juniper, tell me a story.", "Tell me a story."),
        ("What do you think, Juniper?", "What do you think?"),
        ("I was wondering, Juniper, if you can help.", "I was wondering, if you can help."),
        ("June iper, sing!", "Sing!"),
    ],
)
def test_the_request_is_the_sentence_without_the_call(text: str, request_: str):
    found = JUNIPER.find(text)
    assert found
    assert found.request == request_


@pytest.mark.parametrize(
    "text", ["I like Juniper a lot.", "Juniper's story was good.", "Hello Juniper, hello.", "Juniper!"]
)
def test_where_the_name_is_part_of_the_sentence_the_request_is_all_of_it(text: str):
    found = JUNIPER.find(text)
    assert found
    assert found.request == text


def test_a_chinese_request_is_the_sentence_without_the_call():
    found = XIAOLAN.find("小兰，现在几点了？")
    assert found
    assert found.request == "现在几点了？"


def test_a_phrase_without_letters_cannot_be_heard():
    with pytest.raises(ValueError, match="no letters"):
        WakePhrase("…")


WORDS = st.lists(
    st.sampled_from(["the", "what", "time", "sea", "books", "and", "is", "you", "tell", "story", "good"]), max_size=8
)


@settings(deadline=None)
@given(WORDS, WORDS, st.sampled_from(["Juniper", "juniper,", "Junipur", "June-iper", "Juniper!"]))
def test_the_name_is_found_between_any_words_and_not_without_it(before: list[str], after: list[str], name: str):
    assert JUNIPER.find(" ".join([*before, name, *after]))
    assert JUNIPER.find(" ".join(before + after)) is None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_transcript_can_be_searched(text: str):
    found = JUNIPER.find(text)
    assert found is None or 0.7 < found.similarity <= 1
