"""What is read while the person still speaks."""

import asyncio

import pytest

from voicemate.conversation.interim_transcripts import INTERVAL, InterimTranscripts, without_last_word
from voicemate.core.errors import ModelError


class Engines:
    """Whisper says one transcript after the other; what the model reads is noted."""

    def __init__(self, *transcripts: str):
        self._transcripts = list(transcripts)
        self.told: list[str] = []
        self.read: list[str] = []

    async def transcribe(self) -> str:
        if not self._transcripts:
            raise ModelError("whisper.cpp failed")
        return self._transcripts.pop(0)

    async def take(self, words: str) -> None:
        self.read.append(words)

    def following(self, wanted: bool = True) -> InterimTranscripts:
        return InterimTranscripts(self.transcribe, self.take, self.told.append, wanted)


async def voice(following: InterimTranscripts, *moments: int) -> None:
    for at in moments:
        following.on_voice(at, began=0)
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("words", "begun"),
    [("What is the wea", "What is the"), ("What", ""), ("", ""), ("  And  then ", "And"), ("今天天气", "")],
)
def test_the_last_word_may_not_have_been_said_to_its_end(words: str, begun: str):
    assert without_last_word(words) == begun


async def test_the_first_transcript_is_read_already():
    engines = Engines("What is the wea", "What is the weather in Pa")
    await voice(engines.following(), INTERVAL - 1, INTERVAL, INTERVAL + 1)
    assert engines.told == ["What is the wea"]
    assert engines.read == ["What is the"]


async def test_each_transcript_takes_the_place_of_the_one_before():
    engines = Engines("How do you marry a demo?", "Had he married a more amiable")
    await voice(engines.following(), INTERVAL, 2 * INTERVAL)
    assert engines.read == ["How do you marry a", "Had he married a more"]


async def test_who_pauses_has_the_engines_at_once():
    engines = Engines("What is the wea")
    following = engines.following()
    following.on_voice(INTERVAL, began=0)
    following.stop()
    await voice(following, INTERVAL + 1)
    assert engines.read == []


@pytest.mark.parametrize("engines", [Engines(), Engines("What", "")])
async def test_nothing_to_read_and_a_failure_are_borne(engines: Engines):
    await voice(engines.following(), INTERVAL, 2 * INTERVAL, 3 * INTERVAL)
    assert engines.read == []


async def test_nothing_is_followed_unless_wanted():
    engines = Engines("What is the weather")
    await voice(engines.following(wanted=False), INTERVAL, 2 * INTERVAL)
    assert engines.told == []
