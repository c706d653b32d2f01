from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from voicemate.tts.normalization.spoken_text import normalize, spoken_text
from voicemate.tts.text.markup import MarkupReader
from voicemate.tts.text.phrases import Phrase, PhraseSplitter

Split = Callable[..., list[Phrase]]


def split_into_phrases(text: str, language: str = "en", cuts: Sequence[int] = ()) -> list[Phrase]:
    """The phrases of ``text``, fed in pieces that end at ``cuts``."""
    splitter = PhraseSplitter(language)
    phrases: list[Phrase] = []
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for start, end in pairwise(places):
        phrases += splitter.feed(text[start:end])
    return phrases + splitter.finish()


@pytest.fixture(scope="session")
def split() -> Split:
    return split_into_phrases


@pytest.fixture(scope="session")
def said() -> Callable[..., list[str]]:
    """What is read out of a text, phrase by phrase."""
    return lambda text, language="en": [p.spoken for p in split_into_phrases(text, language) if p.spoken]


@pytest.fixture(scope="session")
def read_out() -> Callable[..., str]:
    """How plain text is read, in one piece."""
    return lambda text, language="en": spoken_text(normalize(text, language), language)


@pytest.fixture(scope="session")
def plain() -> Callable[[str], str]:
    """What is left of a text when its markup is gone."""

    def strip(text: str) -> str:
        reader = MarkupReader()
        return " ".join((reader.feed(text)[0] + reader.finish()[0]).split())

    return strip
