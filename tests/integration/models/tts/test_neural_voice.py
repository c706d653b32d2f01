"""The neural voice, where it is installed."""

import sys

import numpy as np
import pytest

from voicemate.config.schema import TtsSettings
from voicemate.core.pcm import level_dbfs
from voicemate.personas.persona import Voice
from voicemate.tts.hibari import HibariSynthesizer
from voicemate.tts.pyttsx3.synthesizer import Pyttsx3Synthesizer

pytest.importorskip("hibari", reason="the extra `neural` is not installed")
pytestmark = [pytest.mark.models, pytest.mark.skipif(sys.platform != "linux", reason="espeak-ng says the rest")]


async def test_it_is_as_loud_as_the_systems_voices_audible_at_once_and_at_the_personas_pace():
    system = Pyttsx3Synthesizer(TtsSettings())
    synthesizer = HibariSynthesizer(system)
    text = "Well, that depends on what you mean by early, but I usually wake up before six."
    sound = await synthesizer.synthesize(text, Voice())
    other = await system.synthesize(text, Voice())
    await synthesizer.close()
    assert sound.rate == 24_000
    assert np.argmax(np.abs(sound.pcm) > 0.001) < 0.03 * sound.rate
    assert level_dbfs(sound.pcm) == pytest.approx(level_dbfs(other.pcm), abs=4)
    assert sound.seconds == pytest.approx(other.seconds, rel=0.25)
