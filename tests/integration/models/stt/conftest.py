"""The engines of these tests, loaded once, on one thread each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voicemate.config.schema import Settings
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.stt.whisper import Whisper
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector

SETTINGS = Settings()
MakeListener = Callable[..., SpeechRecognizer]


@pytest.fixture(scope="session")
def tiny(whisper_tiny: Path) -> Iterator[Whisper]:
    whisper = Whisper(whisper_tiny, threads=1)
    yield whisper
    whisper.close()


@pytest.fixture(scope="session")
def base(whisper_base: Path) -> Iterator[Whisper]:
    whisper = Whisper(whisper_base, threads=1)
    yield whisper
    whisper.close()


@pytest.fixture
def ears(silero: Path) -> SpeechSegmenter:
    return SpeechSegmenter(SileroDetector(silero, SETTINGS.vad.gate), SETTINGS.vad, SETTINGS.stt.max_chunk_s)


@pytest.fixture
def listen(ears: SpeechSegmenter) -> MakeListener:
    """A listener with these ears, for a transcriber."""

    def make(whisper: Whisper, language: str = "auto") -> SpeechRecognizer:
        return SpeechRecognizer(ears, whisper, language)

    return make
