"""The system's own voices on Linux: what espeak-ng says through pyttsx3 and the helper process."""

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
from pywhispercpp.model import Model
from soxr import resample

from voicemate.config.schema import TtsSettings
from voicemate.core.errors import SpeechError
from voicemate.core.pcm import CLOCK_HZ, AudioClip, level_dbfs
from voicemate.personas.persona import Voice
from voicemate.tts.pyttsx3.synthesizer import Pyttsx3Synthesizer

pytestmark = [
    pytest.mark.models,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="espeak-ng speaks on Linux"),
]

ENGLISH = Voice()
WOMAN = Voice(id="en-gb-x-rp+f5")
CHINESE = Voice(language="zh")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def speaker() -> AsyncIterator[Pyttsx3Synthesizer]:
    assert shutil.which("espeak-ng"), "install espeak-ng"
    synthesizer = Pyttsx3Synthesizer(TtsSettings(), warm_up=ENGLISH)
    yield synthesizer
    await synthesizer.close()


def heard(model: Model, sound: AudioClip, language: str) -> str:
    """What whisper makes of ``sound``: lower case, no punctuation."""
    pcm = np.pad(resample(sound.pcm, sound.rate, CLOCK_HZ), CLOCK_HZ // 4)
    segments = model.transcribe(
        pcm,
        language=language,
        audio_ctx=768,
        temperature_inc=0.0,
        initial_prompt="以下是普通话的句子。" if language == "zh" else "",
    )
    return re.sub(r"[\W_]+", " ", "".join(segment.text for segment in segments)).strip().lower()


def whisper(path) -> Model:
    return Model(str(path), n_threads=1, print_progress=False, print_realtime=False, redirect_whispercpp_logs_to=None)


async def test_english_can_be_understood_from_the_first_word_to_the_last(speaker, whisper_base):
    model = whisper(whisper_base)
    text = "What would you do tomorrow morning if nobody ever found out about it?"
    said = re.findall(r"\w+", text.lower())
    for voice in (ENGLISH, WOMAN):
        words = heard(model, await speaker.synthesize(text, voice), "en").split()
        assert sum(word in words for word in said) >= 10
        assert words[0].startswith("wh")
        assert len(words) == pytest.approx(len(said), abs=2)


async def test_words_of_another_script_are_read_in_their_own_language(speaker, whisper_base):
    model = whisper(whisper_base)
    mixed = await speaker.synthesize("我喜欢 machine learning。", CHINESE)
    assert "learning" in heard(model, mixed, "en")
    alone = await speaker.synthesize("上海", CHINESE)
    within = await speaker.synthesize("I like 上海.", ENGLISH)
    without = await speaker.synthesize("I like.", ENGLISH)
    assert within.seconds - without.seconds == pytest.approx(alone.seconds, abs=0.3)


async def test_words_a_minute_hold_for_every_phrase_however_often_they_change(speaker):
    """pyttsx3 loses a new rate, or the phrase, when espeak's own thread has not yet taken note of it."""
    text = "Well, that depends on what you mean by early, but I usually wake up before six."
    for _ in range(4):
        slow = await speaker.synthesize(text, Voice(rate=120))
        fast = await speaker.synthesize(text, Voice(rate=240))
        assert slow.seconds / fast.seconds == pytest.approx(2, rel=0.15)
    normal = await speaker.synthesize(text, ENGLISH)
    assert len(text.split()) / normal.seconds * 60 == pytest.approx(175, rel=0.2)


async def test_chinese_is_spoken_at_the_pace_of_a_person(speaker):
    text = "我觉得你说得对，不过我们可以换一个办法试试。"
    sound = await speaker.synthesize(text, CHINESE)
    characters = sum(map(str.isalpha, text))
    assert 180 < characters / sound.seconds * 60 < 300


async def test_a_long_text_is_rendered_to_its_end(speaker):
    """runAndWait returns after 10 ms, long before espeak is done with it."""
    sentence = "The train was forty minutes late, so I read the whole newspaper. "
    once = await speaker.synthesize(sentence, ENGLISH)
    ten = await speaker.synthesize(sentence * 10, ENGLISH)
    assert ten.seconds > 9 * once.seconds


@pytest.mark.parametrize("voice", [ENGLISH, WOMAN, CHINESE], ids=["english", "woman", "chinese"])
async def test_a_phrase_is_audible_at_once_and_ends_with_a_short_pause(speaker, voice):
    text = "好的，没问题。" if voice is CHINESE else "Half of it is yours."
    sound = await speaker.synthesize(text, voice)
    audible = np.flatnonzero(np.abs(sound.pcm) > 0.001)
    assert audible[0] / sound.rate < 0.03
    assert 0.15 < sound.seconds - audible[-1] / sound.rate < 0.35
    assert -30 < level_dbfs(sound.pcm) < -15


async def test_the_digits_of_every_language_that_people_speak_are_audible(speaker):
    languages = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "tr", "uk", "zh")
    sounds = await asyncio.gather(*(speaker.synthesize("1 2 3", Voice(language=code)) for code in languages))
    assert [code for code, sound in zip(languages, sounds, strict=True) if level_dbfs(sound.pcm) < -30] == []


async def test_a_variant_that_does_not_exist_is_not_passed_over_in_silence(speaker):
    with pytest.raises(SpeechError, match="en-us\\+nobody"):
        await speaker.synthesize("hello", Voice(id="en-us+nobody"))
