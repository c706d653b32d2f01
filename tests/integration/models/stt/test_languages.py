import pytest

from voicemate.stt.whisper import Whisper
from voicemate.testing.word_errors import plain_words, word_errors

pytestmark = pytest.mark.models


async def test_each_utterance_is_heard_in_its_own_language(clips, base: Whisper):
    """From English to Chinese and back, without being told."""
    for clip, language in [
        ("wyoming/living_room_light_en.flac", "en"),
        ("wyoming/living_room_light_zh.flac", "zh"),
        ("speechbrain/spk2_snt2.flac", "en"),
    ]:
        transcript = await base.transcribe(clips[clip].pcm())
        assert transcript.language == language
        expected = plain_words(clips[clip].transcript, language)
        assert word_errors(expected, plain_words(transcript.text, language)) <= 1


async def test_chinese_comes_in_simplified_characters_and_without_its_prompt(clips, base: Whisper):
    clip = clips["wenet/mid.flac"]  # without the prompt it comes as 大學生利用漏洞免費…
    transcript = await base.transcribe(clip.pcm(), language="zh")
    characters = "".join(plain_words(transcript.text, "zh"))
    assert characters.startswith("大学生利用漏洞免费吃肯德基")
    assert len(characters) == len(clip.transcript)


async def test_a_prompt_of_one_call_does_not_leak_into_the_next(clips, base: Whisper):
    clip = clips["wyoming/living_room_light_en.flac"]
    before = await base.transcribe(clip.pcm(), language="en")
    await base.transcribe(clips["wyoming/living_room_light_zh.flac"].pcm(), language="zh", prompt="客厅")
    assert (await base.transcribe(clip.pcm(), language="en")).text == before.text


async def test_an_english_model_says_so_whatever_it_is_asked_for(clips, tiny: Whisper):
    transcript = await tiny.transcribe(clips["wyoming/living_room_light_en.flac"].pcm(), language="zh")
    assert transcript.language == "en"
    assert transcript.text.lower().startswith("turn on the living room light")
