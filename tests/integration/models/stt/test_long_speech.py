from difflib import SequenceMatcher

import numpy as np
import pytest

from voicemate.app.utterances import utterances
from voicemate.config.schema import Settings
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.stt.whisper import Whisper
from voicemate.testing.word_errors import plain_words, word_errors
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector

pytestmark = pytest.mark.models


async def words_in_one_utterance(listener: SpeechRecognizer, pcm: Pcm) -> list[str]:
    """Pauses of up to 2.5 s do not end it, so that only its pieces part it."""
    [heard] = [heard async for heard in utterances(listener, pcm, silence_ms=2500)]
    return plain_words(heard.understood.text, "en")


async def test_36_seconds_lose_no_word_at_the_seams(clips, listen, tiny: Whisper):
    clip = clips["osr/OSR_us_000_0034_8k.flac"]
    expected = plain_words(clip.transcript, "en")
    assert len(expected) == 73
    assert word_errors(expected, await words_in_one_utterance(listen(tiny), clip.pcm())) <= 2


async def test_52_seconds_lose_and_double_nothing_at_the_seams(clips, listen, tiny: Whisper):
    """The recording has no transcript; its first 19 and last 15 seconds are heard in one piece, to compare.

    Whisper spells a name differently in another window ("Azure", "as your"), and that is no seam's fault: a seam
    that fails drops or repeats words in a row.
    """
    pcm = clips["azure/aboutSpeechSdk.flac"].pcm()
    said = await words_in_one_utterance(listen(tiny), pcm)
    beginning = plain_words((await tiny.transcribe(pcm[: 19 * CLOCK_HZ])).text, "en")
    end = plain_words((await tiny.transcribe(pcm[-15 * CLOCK_HZ :])).text, "en")
    assert 125 <= len(said) <= 145
    for expected, heard in ((beginning, said[: len(beginning)]), (end, said[-len(end) :])):
        assert longest_run_lost_or_doubled(expected, heard) <= 1
        assert word_errors(expected, heard) <= len(expected) // 10 + 1


def longest_run_lost_or_doubled(expected: list[str], heard: list[str]) -> int:
    """Words in a row that only one of the two has; where both have others, the difference of their numbers."""
    edits = SequenceMatcher(None, expected, heard, autojunk=False).get_opcodes()
    return max(abs((there_ended - there) - (here_ended - here)) for _, there, there_ended, here, here_ended in edits)


async def test_a_voice_that_never_pauses_is_cut_without_losing_a_word(clips, silero, tiny: Whisper):
    """Sixteen seconds of reading in pieces of five, most of them cut through a voice."""
    clip = clips["librispeech/libri-1088-134315-0000.flac"]
    ears = SpeechSegmenter(SileroDetector(silero, aggressiveness=1), Settings().vad, max_chunk_s=5)
    expected = plain_words(clip.transcript, "en")
    assert word_errors(expected, await words_in_one_utterance(SpeechRecognizer(ears, tiny), clip.pcm())) <= 2


async def test_half_a_minute_of_silence_inside_an_utterance_is_not_transcribed(clips, listen, tiny: Whisper):
    clip = clips["librispeech/test.flac"].pcm()
    pcm = np.concatenate([clip, np.zeros(30 * CLOCK_HZ, dtype=np.float32), clip])
    listener = listen(tiny)
    [heard] = [heard async for heard in utterances(listener, pcm, silence_ms=40_000)]
    words = plain_words(heard.understood.text, "en")
    assert words == 2 * plain_words(clips["librispeech/test.flac"].transcript, "en")
