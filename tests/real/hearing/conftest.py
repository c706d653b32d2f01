"""The engines of these tests, loaded once, on one thread each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voicemate.config import Settings
from voicemate.hearing.ears import Ears
from voicemate.hearing.listener import Listener
from voicemate.hearing.voice_activity import VoiceActivity
from voicemate.hearing.whisper import Whisper

SETTINGS = Settings()
MakeListener = Callable[..., Listener]


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
def ears(silero: Path) -> Ears:
    return Ears(VoiceActivity(silero, SETTINGS.vad.gate), SETTINGS.vad, SETTINGS.hearing.longest_piece_s)


@pytest.fixture
def listen(ears: Ears) -> MakeListener:
    """A listener with these ears, for a transcriber."""

    def make(whisper: Whisper, language: str = "auto") -> Listener:
        return Listener(ears, whisper, language)

    return make
