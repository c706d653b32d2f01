"""The three characters that come along."""

from pathlib import Path

import pytest

from voicemate.config.schema import Settings
from voicemate.personas.persona_file import read_persona
from voicemate.tts.text.duration import is_han, spoken_seconds
from voicemate.tts.text.phrases import PhraseSplitter

FOLDER = Path(__file__).parents[3] / "personas"
FILES = sorted(FOLDER.glob("*.toml"))


def said(text: str, language: str) -> str:
    splitter = PhraseSplitter(language)
    return "".join(phrase.spoken for phrase in splitter.feed(text) + splitter.finish())


def test_there_are_three_and_one_speaks_chinese():
    assert {file.stem: read_persona(file).language for file in FILES} == {
        "ambrose": "en",
        "juniper": "en",
        "xiaolan": "zh",
    }


def test_the_default_persona_is_among_them():
    assert Settings().persona in {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_suits_a_small_model_and_a_voice(file):
    persona = read_persona(file)
    assert persona.voice.language == persona.language
    names = persona.voice.id.split(", ")
    assert names == [""] or {"Samantha", "Daniel"} & set(names), "a voice that every Mac has"
    assert names == [""] or names[-1].startswith("en-gb-x-rp"), "a voice that espeak-ng has"
    assert 20 <= len(persona.summary) <= 100 or persona.language == "zh"
    assert len(persona.description) < 700
    assert 2 <= len(persona.examples) <= 4
    assert 0 < spoken_seconds(persona.greeting) < 5
    for answer in (persona.greeting, *(example.character for example in persona.examples)):
        assert spoken_seconds(answer) < 9
        assert not set(answer) & set("*_#()[]<>😀—…")
        assert len(said(answer, persona.language)) >= 0.9 * len(answer)


def test_each_has_a_pace_of_its_own():
    rates = [read_persona(file).voice.rate for file in FILES]
    assert len(set(rates)) == len(rates)


def test_the_chinese_one_is_written_in_chinese():
    persona = read_persona(FOLDER / "xiaolan.toml")
    for text in (
        persona.name,
        persona.description,
        persona.greeting,
        *(e.user + e.character for e in persona.examples),
    ):
        assert sum(map(is_han, text)) >= 0.75 * len(text)
