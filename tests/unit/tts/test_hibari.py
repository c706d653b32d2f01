"""For whom the neural voice speaks, and who speaks for everyone else."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from voicemate.core.errors import SpeechError
from voicemate.core.pcm import AudioClip
from voicemate.personas.persona import Voice
from voicemate.tts.base import VoiceInfo
from voicemate.tts.hibari import HibariSynthesizer

RATE = 24_000


class Hibari:
    """Says every text as half a second of noise between two silences, and keeps what it was asked."""

    sample_rate = RATE

    def __init__(self, **settings):
        assert settings == {"threads": 1}  # naming a voice would download it
        self.asked = []

    def __call__(self, text, speed=1.0, seed=None):
        self.asked.append((text, round(speed, 2)))
        noise = np.random.default_rng(seed).uniform(-0.2, 0.2, RATE // 2)
        return np.concatenate((np.zeros(RATE // 4), noise, np.zeros(RATE // 4))).astype(np.float32)


class Others:
    """The system's voices: they say every text as 0.1 s at another rate, or are not there."""

    def __init__(self, missing=False):
        self.missing = missing
        self.asked = []
        self.closed = False

    async def synthesize(self, text, voice):
        self.asked.append((text, voice.language))
        if self.missing:
            raise SpeechError("There is no speech engine", "Install one")
        return AudioClip(np.full(1_600, 0.5, np.float32), 16_000)

    async def voices(self):
        if self.missing:
            raise SpeechError("There is no speech engine", "Install one")
        return [VoiceInfo("roa/fr", "French", ("fr",))]

    async def close(self):
        self.closed = True


@pytest.fixture
def hibari(monkeypatch) -> Hibari:
    model = Hibari(threads=1)
    monkeypatch.setitem(sys.modules, "hibari", SimpleNamespace(Hibari=lambda **given: Hibari(**given) and model))
    return model


@pytest.mark.parametrize("voice", [Voice(), Voice(id="hibari"), Voice(id="Hibari, Samantha, en-us")])
async def test_it_speaks_english_at_once_and_at_the_personas_pace(hibari, voice):
    others = Others()
    synthesizer = HibariSynthesizer(others)
    sound = await synthesizer.synthesize("I would love some tea.", voice)
    await synthesizer.close()
    assert hibari.asked[-1] == ("I would love some tea.", 0.9)
    assert others.asked == []
    assert sound.rate == RATE
    assert sound.seconds == pytest.approx(0.5 + 0.24, abs=0.02)
    assert others.closed


@pytest.mark.parametrize("voice", [Voice(language="zh"), Voice(id="Samantha"), Voice(id="hibari", language="fr")])
async def test_the_system_speaks_for_other_languages_and_for_personas_that_name_its_voices(hibari, voice):
    others = Others()
    synthesizer = HibariSynthesizer(others)
    sound = await synthesizer.synthesize("a phrase", voice)
    await synthesizer.close()
    assert others.asked == [("a phrase", voice.language)]
    assert sound.rate == 16_000


async def test_words_it_cannot_read_are_said_by_the_system_in_their_place(hibari):
    others = Others()
    synthesizer = HibariSynthesizer(others)
    sound = await synthesizer.synthesize("The word 你好 means hello.", Voice())
    await synthesizer.close()
    assert others.asked == [("你好 ", "zh")]
    assert [text for text, _ in hibari.asked[-2:]] == ["The word ", "means hello."]
    assert sound.seconds == pytest.approx(0.5 + 0.04 + 0.1 + 0.5 + 0.24, abs=0.04)


async def test_without_a_speech_engine_of_the_system_it_still_says_all_the_rest(hibari):
    synthesizer = HibariSynthesizer(Others(missing=True))
    sound = await synthesizer.synthesize("The word 你好 means hello.", Voice())
    assert sound.seconds == pytest.approx(0.5 + 0.04 + 0.5 + 0.24, abs=0.04)
    assert [voice.id for voice in await synthesizer.voices()] == ["hibari"]
    await synthesizer.close()


async def test_it_is_listed_before_the_systems_voices(hibari):
    synthesizer = HibariSynthesizer(Others())
    assert [voice.id for voice in await synthesizer.voices()] == ["hibari", "roa/fr"]
    await synthesizer.close()


async def test_a_text_with_nothing_to_say_is_silence(hibari):
    synthesizer = HibariSynthesizer(Others())
    assert len((await synthesizer.synthesize("…!", Voice())).pcm) == 0
    await synthesizer.close()


async def test_where_it_is_not_installed_the_error_says_how_to(monkeypatch):
    monkeypatch.setitem(sys.modules, "hibari", None)
    synthesizer = HibariSynthesizer(Others())
    with pytest.raises(SpeechError, match="not installed") as caught:
        await synthesizer.synthesize("hello", Voice())
    assert "hibari-tts" in caught.value.hint
    await synthesizer.close()
