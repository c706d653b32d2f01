import numpy as np
import pytest

from voicemate.app.utterances import utterances
from voicemate.core.pcm import to_ms, to_samples
from voicemate.stt.whisper import Whisper
from voicemate.testing.word_errors import plain_words

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    ("clip", "first"),
    [
        ("speechbrain/spk2_snt1.flac", ["we", "are", "sure"]),  # the voice is there from the first sample
        ("speech_to_phrase/next.flac", ["next"]),
        ("voice2json/what_time_is_it.flac", ["what", "time", "is"]),
        ("mycroft/stop.flac", ["stop"]),
        ("librispeech/test.flac", ["mister", "quilter"]),
    ],
)
async def test_the_first_word_is_never_lost(clips, listen, tiny: Whisper, clip: str, first: list[str]):
    said = [heard.understood async for heard in utterances(listen(tiny), clips[clip].pcm(), silence_ms=480)]
    assert said[0].has_words
    assert plain_words(said[0].text, "en")[: len(first)] == first


async def test_the_voice_is_found_where_it_is(clips, listen, tiny: Whisper):
    """The sound of the sentence lies between 190 and 1,520 ms of its clip, with digital silence around it."""
    pcm = np.concatenate([np.zeros(to_samples(500)), clips["wyoming/living_room_light_en.flac"].pcm()])
    [heard] = [heard async for heard in utterances(listen(tiny), pcm.astype(np.float32), silence_ms=480)]
    assert 500 + 190 - 100 <= to_ms(heard.began) <= 500 + 190 + 10
    assert 500 + 1520 - 50 <= to_ms(heard.ended) <= 500 + 1520 + 100
