import asyncio
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.unit.vad.positioned_sound import Script, block, blocks, silence, voice
from voicemate.app.utterances import utterances
from voicemate.audio.interfaces import BLOCK_SAMPLES
from voicemate.config.schema import VadSettings
from voicemate.conversation.recognizer import Recognition, SpeechRecognizer
from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.stt.base import Transcript
from voicemate.vad.segmenter import SpeechSegmenter

LONGEST_S = 10


@dataclass
class Counting:
    """A transcriber for ``positioned_sound``: hears the seconds of it, one word each, as numbers."""

    confidence: float = 0.9
    agreed: float = 1.0
    language: str = "de"
    calls: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None
    cancelled: int = 0

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        self.languages.append(language)
        try:
            if self.hold:
                await self.hold.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        seconds = range(-(-int(pcm[0]) // CLOCK_HZ), int(pcm.max()) // CLOCK_HZ + 1)
        self.calls.append(" ".join(f"second{second}" for second in seconds))
        known = self.language if language == "auto" else language
        return Transcript(self.calls[-1], known, self.confidence, len(pcm) / CLOCK_HZ, 0.0, self.agreed)

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        return await self.transcribe(pcm, language)

    def close(self) -> None: ...


def listener(script: list[float], transcriber: Counting, language: str = "auto") -> SpeechRecognizer:
    return SpeechRecognizer(
        SpeechSegmenter(Script(script), VadSettings(pause_ms=64), LONGEST_S), transcriber, language
    )


async def play(listening: SpeechRecognizer, seconds: float) -> None:
    first = listening.position // BLOCK_SAMPLES
    for number in range(first, first + blocks(seconds)):
        listening.push(block(number))
        await asyncio.sleep(0)


async def test_what_was_said_up_to_the_pause_is_heard():
    listening = listener(silence(1) + voice(3) + silence(1), Counting())
    await play(listening, 4.5)
    assert await listening.recognize() == Recognition(
        "second1 second2 second3 second4", "de", has_words=True, confidence=0.9
    )


async def test_asking_again_in_the_same_pause_costs_nothing():
    transcriber = Counting()
    listening = listener(voice(3) + silence(2), transcriber)
    await play(listening, 3.5)
    first = await listening.recognize()
    await play(listening, 0.5)
    assert await listening.recognize() == first
    assert len(transcriber.calls) == 1


async def test_finished_pieces_are_heard_while_the_voice_goes_on_and_only_the_tail_at_the_end():
    transcriber = Counting()
    listening = listener(voice(9.5) + silence(0.5) + voice(9.5) + silence(0.5) + voice(2.5) + silence(1), transcriber)
    await play(listening, 22)
    assert len(transcriber.calls) == 2
    await play(listening, 1)
    understood = await listening.recognize()
    assert len(transcriber.calls) == 3
    assert understood.text.split() == [f"second{number}" for number in range(23)]


async def test_a_piece_that_was_drafted_in_the_pause_is_not_heard_twice():
    transcriber = Counting()
    listening = listener(voice(9) + silence(0.5) + voice(2) + silence(1), transcriber)
    await play(listening, 9.4)
    await listening.recognize()
    await play(listening, 2.8)
    await listening.recognize()
    assert len(transcriber.calls) == 2


async def test_a_draft_that_is_dropped_because_the_voice_goes_on_stops_whisper():
    transcriber = Counting(hold=asyncio.Event())
    listening = listener(voice(3) + silence(0.5) + voice(2), transcriber)
    await play(listening, 3.4)
    draft = asyncio.create_task(listening.recognize())
    await asyncio.sleep(0)
    await play(listening, 1)
    draft.cancel()
    with pytest.raises(asyncio.CancelledError):
        await draft
    await asyncio.sleep(0)
    assert transcriber.cancelled == 1


async def test_a_draft_that_became_a_finished_piece_goes_on_when_it_is_dropped():
    transcriber = Counting(hold=asyncio.Event())
    listening = listener(voice(9.5) + silence(0.5) + voice(2.5) + silence(1), transcriber)
    await play(listening, 9.9)
    draft = asyncio.create_task(listening.recognize())
    await asyncio.sleep(0)
    await play(listening, 1)
    draft.cancel()
    await asyncio.sleep(0)
    assert transcriber.hold
    transcriber.hold.set()
    await play(listening, 2)
    understood = await listening.recognize()
    assert transcriber.cancelled == 0
    assert understood.text.split() == [f"second{number}" for number in range(13)]


async def test_the_language_of_the_first_piece_is_that_of_the_utterance():
    transcriber = Counting()
    listening = listener(voice(9) + silence(0.5) + voice(2) + silence(1), transcriber)
    await play(listening, 12)
    await listening.recognize()
    assert transcriber.languages == ["auto", "de"]


async def test_a_cough_is_not_a_turn():
    listening = listener(silence(1) + voice(0.2) + silence(1), Counting(confidence=0.2))
    await play(listening, 2)
    understood = await listening.recognize()
    assert not understood.has_words
    assert understood.reason == "unclear"
    assert understood.text.startswith("second1")


async def test_what_whisper_hears_otherwise_when_it_hears_it_again_is_not_a_turn():
    listening = listener(silence(1) + voice(2) + silence(1), Counting(confidence=0.5, agreed=0.2))
    await play(listening, 4)
    understood = await listening.recognize()
    assert not understood.has_words
    assert understood.reason == "unclear, and heard otherwise when heard again"


async def test_with_nothing_heard_there_are_no_words():
    assert await listener([], Counting()).recognize() == Recognition("", "", has_words=False, reason="no voice")


async def test_a_recording_is_one_utterance_per_silence():
    script = silence(0.5) + voice(2) + silence(1) + voice(3)
    pcm = np.arange(len(script) * BLOCK_SAMPLES, dtype=np.float32)
    found = [heard async for heard in utterances(listener(script, Counting()), pcm, silence_ms=480)]
    assert [heard.understood.text for heard in found] == ["second1 second2", "second3 second4 second5 second6"]
    assert found[0].began < found[0].ended < found[1].began < found[1].ended


async def test_what_was_said_so_far_is_drafted_while_the_voice_goes_on():
    listening = listener(voice(5), Counting())
    await play(listening, 3)
    assert await listening.interim_text() == "second0 second1 second2"


async def test_speech_that_a_key_ends_is_heard_up_to_there():
    listening = listener(silence(1) + voice(3), Counting())
    await play(listening, 2.5)
    assert listening.end_speech() is not None
    assert listening.end_speech() is None, "it pauses already"
    assert (await listening.recognize()).has_words


UNSURE = 0.55  # of its words, and heard alike when heard again


async def hear_one(listening: SpeechRecognizer, transcriber: Counting, confidence: float) -> Recognition:
    """One utterance of a second, and the silence around it."""
    transcriber.confidence = confidence
    await play(listening, 2)
    understood = await listening.recognize()
    listening.close()
    return understood


@pytest.mark.parametrize(("noises", "pause_s", "believed"), [(2, 0, True), (3, 0, False), (3, 20, True)])
async def test_among_sounds_that_were_no_words_whisper_must_be_sure(noises: int, pause_s: int, believed: bool):
    transcriber = Counting()
    one = silence(0.5) + voice(1) + silence(0.5)
    listening = listener(one * noises + silence(pause_s) + one * 2, transcriber)
    for _ in range(noises):
        assert not (await hear_one(listening, transcriber, 0.1)).has_words
    await play(listening, pause_s)
    assert (await hear_one(listening, transcriber, UNSURE)).has_words is believed
    assert (await hear_one(listening, transcriber, 0.8)).has_words


async def test_after_words_that_were_sure_unsure_ones_are_believed_again():
    transcriber = Counting()
    listening = listener((silence(0.5) + voice(1) + silence(0.5)) * 5, transcriber)
    for confidence in (0.1, 0.1, 0.1, 0.8):
        await hear_one(listening, transcriber, confidence)
    assert (await hear_one(listening, transcriber, UNSURE)).has_words
