"""Whatever the model writes and in whatever pieces it comes: nothing is lost, and nothing depends on the pieces."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.tts.text.phrases import PhraseSplitter

LANGUAGES = st.sampled_from(["en", "zh", "de", "ja", "xx"])
MARKUP = [
    "*",
    "**",
    "***",
    "_",
    "__",
    "`",
    "```",
    "~",
    "~~",
    "#",
    "-",
    ">",
    "|",
    "---",
    "[",
    "]",
    "(",
    ")",
    "（",
    "）",
    "【",
    "】",
    "<",
    ">",
    "&",
    "\\",
    "\\*",
    "##",
    "1.",
    "[a](b)",
    "![x](http://y.z)",
    "<|im_end|>",
    "<br>",
    "&amp;",
    "&lt;",
    "*smiles*",
    "(laughs)",
    "[sighs]",
    "*She",
    "nods.*",
    "*really*",
    "**bold**",
    "*微笑*",
    "（笑）",
    ":)",
    "^_^",
    "(^_^)",
    "<3",
    "¯\\_(ツ)_/¯",
    "😀",
    "👨\u200d👩\u200d👧",
    "🇩🇪",
    "1️⃣",
    "❤️",
    "™",
    "♥",
]
WORDS = [
    "hello",
    "smiles",
    "She",
    "nods",
    "I",
    "am",
    "the",
    "and",
    "because",
    "Dr.",
    "e.g.",
    "U.S.",
    "Ph.D.",
    "C#",
    "3",
    "10:30",
    "$5.50",
    "5%",
    "20°C",
    "60km/h",
    "3-5",
    "2024",
    "1/2",
    "007",
    "www.example.com",
    "a@b.co",
    "555-1234",
    "我",
    "我们",
    "你好",
    "微笑",
    "2个",
    "3.5%",
    "但是",
    "了",
    "x²",
    "sooooo",
    "it's",
    "l'été",
    "कि",
]
MARKS = [" ", " ", " ", "\n", "\n\n", "\t", "\r\n", *".,!?:;…—-\"'’“”。，！？、；：·"]
TEXTS = st.lists(
    st.one_of(*map(st.sampled_from, (MARKUP, WORDS, MARKS, MARKS)), st.text(max_size=6)), max_size=40
).map("".join)
PICTURES = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d\u20e3]")


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, language=LANGUAGES, cuts=st.lists(st.integers(0, 300), max_size=20))
def test_the_phrases_do_not_depend_on_the_pieces(split, text, language, cuts):
    at_once = split(text, language)
    assert split(text, language, cuts) == at_once
    assert split(text, language, range(len(text))) == at_once


@settings(max_examples=150, deadline=None)
@given(text=TEXTS, language=LANGUAGES)
def test_the_phrases_together_are_the_text_and_only_words_are_said(split, text, language):
    phrases = split(text, language)
    assert "".join(phrase.text for phrase in phrases) == text
    for phrase in phrases:
        assert not re.search(r"[*_`#|<>\[\]{}\n]", phrase.spoken)
        assert not PICTURES.search(phrase.spoken)
        assert phrase.spoken == phrase.spoken.strip()
        assert bool(phrase.spoken) == bool(phrase.word_ends)


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.text("abcdefgXYZ", min_size=3, max_size=8), min_size=1, max_size=40), data=st.data())
def test_every_plain_word_is_said_in_order(split, words, data):
    ends = data.draw(
        st.lists(st.sampled_from([" ", " ", ", ", ". ", "! ", "\n"]), min_size=len(words), max_size=len(words))
    )
    spoken = " ".join(phrase.spoken for phrase in split("".join(map("".join, zip(words, ends, strict=True))), "xx"))
    assert re.findall(r"\w+", spoken) == [re.sub(r"(\w)\1{3,}", r"\1\1", word) for word in words]


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "* a",
        "*a ",
        "_a",
        "`",
        "~",
        "[",
        "(",
        "[a](b",
        "<a",
        "&a",
        "\\",
        " ",
        "a",
        "。",
        "—",
        "a.",
        "1,",
        "1/",
        "a@b.",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_model_that_loops_does_not_make_it_hang(pattern, language):
    splitter = PhraseSplitter(language)
    phrases = [phrase for character in pattern * 400 for phrase in splitter.feed(character)] + splitter.finish()
    assert "".join(phrase.text for phrase in phrases) == pattern * 400


def test_what_stands_for_nothing_goes_with_the_next_words(split):
    phrases = split("*waves* 😀 Hello there!\n---\nGoodbye now.")
    assert [(phrase.text, phrase.spoken) for phrase in phrases] == [
        ("*waves* 😀 Hello there!", "Hello there!"),
        ("\n---\nGoodbye now.", "Goodbye now."),
    ]


def test_what_stands_for_nothing_at_the_end_is_a_silent_phrase(split):
    *_, last = split("Goodbye now. *waves*")
    assert (last.text, last.spoken) == ("*waves*", "")
    assert (last.heard_text(0.5), last.heard_text(1)) == ("", "*waves*")


@pytest.mark.parametrize("text", ["", " ", "\n\n", "...", "😀", "*smiles*", "```\ncode\n```", "(laughs)"])
def test_a_reply_with_nothing_to_say_is_silent(said, text):
    assert said(text) == []


def test_a_reply_that_is_narrated_from_end_to_end_is_read_out_after_all(split, said):
    assert said("*She is so happy to see you again.*") == ["She is so happy to see you again."]
    assert said("*smiles* *The kettle begins to sing.*") == ["The kettle begins to sing."]
    assert said("*她把茶杯放在桌上，看了看窗外。*", "zh") == ["她把茶杯放在桌上，", "看了看窗外。"]
    assert "".join(phrase.text for phrase in split("*She is so happy.*")) == "*She is so happy.*"


def test_leftovers_of_a_chat_template_are_not_read_out(said):
    assert said("Good evening to you.<|im_end|>\n</s>") == ["Good evening to you."]
