"""What the words alone say about the end of a turn."""

import pytest

from voicemate.turns.end_of_turn.lexical import breaks_off, is_only_condition, is_only_opener, without_closing


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I went to the market and.", "en"),
        ("I was thinking, um...", "en"),
        ("Turn on the", "en"),
        ("Because.", "en"),
        ("Um", "en"),
        ("Well, I think it's", "en"),
        ("I think they're.", "en"),
        ("the earliest book,", "en"),
        ("I wanted to ask if you—", "en"),
        ("Ich glaube, dass", "de"),
        ("Ich hätte gern einen.", "de"),
        ("Je voudrais un", "fr"),
        ("Quiero que.", "es"),
        ("我想去，但是", "zh"),
        ("我觉得，嗯。", "zh"),
    ],
)
def test_words_that_nobody_ends_on_break_off(text: str, language: str):
    assert breaks_off(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I think so.", "en"),
        ("Where are you from?", "en"),
        ("What is it and?", "en"),  # the voice rose: a question, whatever its last word
        ("This is my sister's.", "en"),
        ("Hmm.", "en"),
        ("I don't", "en"),
        ("", "en"),
        ("Ich mag das.", "de"),
        ("Prends-les.", "fr"),
        ("A mí sí.", "es"),
        ("嗯。", "zh"),
        ("打开客厅的灯。", "zh"),
        ("他很随和。", "zh"),
        ("und", "it"),  # no list for Italian
    ],
)
def test_words_that_can_end_a_turn_do_not_break_off(text: str, language: str):
    assert not breaks_off(text, language)


def test_dots_and_commas_say_it_in_every_language():
    assert breaks_off("ma...", "it")
    assert breaks_off("ma,", "it")


@pytest.mark.parametrize("text", ["What time is it?", "What time is it.", "What time is it", 'What time is it?"'])
def test_the_language_model_is_asked_about_the_words_alone(text: str):
    assert without_closing(text) == "What time is it"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello?", "en"),
        ("Hey, Juniper.", "en"),
        ("Good morning!", "en"),
        ("Excuse me...", "en"),
        ("I've got another question.", "en"),
        ("Hallo Juniper.", "de"),
        ("Weißt du was?", "de"),
        ("Excuse-moi.", "fr"),
        ("Buenos días.", "es"),
        ("你好！", "zh"),
        ("我有个问题。", "zh"),
    ],
)
def test_who_only_calls_has_more_to_say(text: str, language: str):
    assert is_only_opener(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, how are you?", "en"),
        ("Look at that.", "en"),
        ("One more cup of tea.", "en"),
        ("I have a question about tea.", "en"),
        ("", "en"),
        ("你好吗？", "zh"),
        ("Hello.", "it"),  # no list for Italian
    ],
)
def test_who_says_something_does_not_only_call(text: str, language: str):
    assert not is_only_opener(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("If it rains tomorrow", "en"),
        ("I am at home. And if you want.", "en"),
        ("Unless to be rather cold-hearted is to be ill-disposed.", "en"),  # may have ended; it is only a little wait
        ("Even though I told him twice", "en"),
        ("Wenn es morgen regnet", "de"),
        ("Si tu veux venir", "fr"),
        ("Aunque no lo sepa", "es"),
        ("如果明天下雨。", "zh"),
    ],
)
def test_a_condition_alone_is_half_of_a_sentence(text: str, language: str):
    assert is_only_condition(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("If it rains tomorrow, I'll stay.", "en"),
        ("If it rains then we stay", "en"),
        ("If it rains tomorrow?", "en"),
        ("If so.", "en"),
        ("What if it rains", "en"),
        ("I'll come if I can", "en"),
        ("If you like. Go on.", "en"),
        ("Iffy weather we have today", "en"),
        ("", "en"),
        ("Si, si.", "fr"),
        ("如果明天下雨，我就不去了。", "zh"),
        ("如果明天下雨我就不去", "zh"),
        ("If it rains tomorrow", "it"),  # no list for Italian
    ],
)
def test_what_says_more_than_a_condition_is_none(text: str, language: str):
    assert not is_only_condition(text, language)
