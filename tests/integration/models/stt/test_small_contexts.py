"""A short sentence in the smallest context, where whisper used to say it again and again."""

from pathlib import Path

import pytest

from voicemate.core.pcm import CLOCK_HZ
from voicemate.core.worker_thread import Cancellation
from voicemate.stt.decoding import DecodeRequest
from voicemate.stt.whisper_cpp import WhisperCpp
from voicemate.testing.word_errors import plain_words, word_errors

pytestmark = pytest.mark.models

SAID = [
    "speech_to_phrase/lock_the_Front_Door.flac",
    "voice2json/turn_on_living_room_lamp.flac",
    "speechbrain/spk1_snt3.flac",
    "livekit/weather_question.flac",
]


@pytest.mark.parametrize("name", SAID)
def test_it_is_said_once(clips, whisper_tiny: Path, name: str):
    clip = clips[name]
    whisper = WhisperCpp(whisper_tiny, threads=1)
    try:
        pcm = clip.pcm()[: round((clip.speech_end_s + 0.3) * CLOCK_HZ)]
        heard = whisper.decode(pcm, DecodeRequest(256, 1, "en", "", max_tokens=60, timestamps=True), Cancellation())
    finally:
        whisper.close()
    assert heard.complete
    assert not heard.is_looping
    assert word_errors(plain_words(clip.transcript, "en"), plain_words(heard.text, "en")) <= 1
