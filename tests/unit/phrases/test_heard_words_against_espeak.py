"""Which word is in the air, as ``Phrase.heard`` estimates it, against espeak-ng's own word times."""

import ctypes
import ctypes.util
from bisect import bisect_right

import numpy as np
import pytest

from voicemate.sound import Sound
from voicemate.speaking.phrases import Phrase
from voicemate.speaking.trim import pause_after, trimmed

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
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS of espeak-ng/speak_lib.h
_WORD_EVENT, _END_OF_EVENTS = 1, 0
_RATE, _UTF8 = 1, 1


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int16), ctypes.c_int, ctypes.POINTER(_Event))


class Espeak:
    """Says a text and tells when each of its words begins."""

    def __init__(self, library: str) -> None:
        self._library = ctypes.CDLL(library)
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0)
        self._callback = _Callback(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_SetVoiceByName(b"en-us")
        self._begins: list[tuple[int, int]] = []
        self._waves: list[np.ndarray] = []

    def _collect(self, wave, count: int, events) -> int:
        if count:
            self._waves.append(np.ctypeslib.as_array(wave, (count,)).copy())
        place = 0
        while events[place].type != _END_OF_EVENTS:
            if events[place].type == _WORD_EVENT:
                self._begins.append((events[place].text_position - 1, events[place].sample))
            place += 1
        return 0

    def words_over(self, text: str, words_a_minute: int) -> list[tuple[float, int]]:
        """Shares of the phrase's sound, as it is played, and how many words are over then.

        A short word may be missing: espeak-ng says "of the" and the like as one.
        """
        self._begins, self._waves = [], []
        self._library.espeak_SetParameter(_RATE, words_a_minute, 0)
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, 0, 0, _UTF8, None, None)
        wave = np.concatenate(self._waves).astype(np.float32) / np.float32(2**15)
        pause_ms = pause_after(text)
        played = len(trimmed(Sound(wave, self._rate), pause_ms).pcm)
        over = [(0.0, 0)]
        for place, sample in self._begins:
            words = text[:place].count(" ")
            if over[-1][1] < words <= over[-1][1] + 2:  # at some commas it tells of a word that is elsewhere
                over.append(((sample - self._begins[0][1]) / played, words))
        over.append((1 - pause_ms * self._rate / 1000 / played, text.count(" ") + 1))
        return over


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    library = ctypes.util.find_library("espeak-ng")
    if not library:
        pytest.skip("espeak-ng is not installed")
    return Espeak(library)


def errors(phrase: Phrase, over: list[tuple[float, int]]) -> list[int]:
    """Words too many or too few, as heard up to each of 49 places of the phrase."""
    found = []
    for share in (step / 50 for step in range(1, 50)):
        true = over[bisect_right(over, share, key=lambda word: word[0]) - 1][1]
        found.append(abs(len(phrase.heard(share).split()) - true))
    return found


@pytest.mark.parametrize("words_a_minute", [105, 142, 180])  # 130, 175 and 220 as a persona's rate
def test_it_is_seldom_off_by_more_than_a_word(split, espeak, words_a_minute):
    found: list[int] = []
    for phrase in (phrase for text in TEXTS for phrase in split(text)):
        over = espeak.words_over(phrase.spoken, words_a_minute)
        assert len(over) > len(phrase.spoken.split()) / 2
        found += errors(phrase, over)
    assert sum(found) / len(found) < 0.4
    assert sum(error > 1 for error in found) / len(found) < 0.03
    assert max(found) <= 3
