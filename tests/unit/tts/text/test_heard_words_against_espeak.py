"""Which word is in the air, as ``Phrase.heard`` estimates it, against espeak-ng's own word times."""

import pytest

from voicemate.testing.espeak import Espeak, EspeakUtterance
from voicemate.tts.text.phrases import Phrase

TEXTS = [
    "Well, I think the lighthouse was beautiful. It stood there for many years, until the storm came.",
    "You could try walking a different way home; sometimes that is all it takes.",
    "Honestly, nobody knows why the bees came back, but I was glad to see them again this spring.",
    "Some people say that the moon looks larger near the horizon because we compare it with trees and houses.",
    "He was an extraordinary mathematician, although he never finished school.",
    "Photosynthesis is how plants turn sunlight, water and carbon dioxide into sugar.",
    "A good question deserves a slow answer, don't you think? I do, and I have thought about it for years.",
    "Learning a language is mostly a matter of patience, repetition and a little courage.",
]


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    try:
        return Espeak()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


def errors(phrase: Phrase, said: EspeakUtterance) -> list[int]:
    """Words too many or too few, as heard up to each of 49 places of the phrase."""
    length = len(said.clip.pcm) / said.clip.rate
    shares = [step / 50 for step in range(1, 50)]
    return [len(phrase.heard_text(share).split()) - said.words_over(share * length) for share in shares]


@pytest.mark.parametrize("words_a_minute", [105, 142, 180])  # 130, 175 and 220 as a persona's rate
def test_it_is_seldom_off_by_more_than_a_word(split, espeak, words_a_minute):
    found: list[int] = []
    for phrase in (phrase for text in TEXTS for phrase in split(text)):
        said = espeak.say(phrase.spoken, words_a_minute)
        assert len(said.word_ends) > len(phrase.spoken.split()) / 2
        found += errors(phrase, said)
    assert sum(map(abs, found)) / len(found) < 0.4
    assert sum(abs(error) > 1 for error in found) / len(found) < 0.03
    assert max(map(abs, found)) <= 3
