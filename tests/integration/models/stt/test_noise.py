import pytest

from voicemate.app.utterances import utterances
from voicemate.stt.whisper import Whisper

pytestmark = pytest.mark.models


@pytest.mark.parametrize("model", ["tiny", "base"])
async def test_sound_that_is_no_speech_never_becomes_words(clips, listen, model: str, request: pytest.FixtureRequest):
    whisper: Whisper = request.getfixturevalue(model)
    listener = listen(whisper)
    words = [
        (name, utterance.understood.text)
        for name, clip in clips.items()
        if clip.kind == "nonspeech"
        async for utterance in utterances(listener, clip.pcm(), silence_ms=480)
        if utterance.understood.has_words
    ]
    assert words == []
