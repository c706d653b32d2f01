from pathlib import Path

import numpy as np
import pytest

from voicemate.engine_thread import Cancellation
from voicemate.hearing.decoding import Decoded, Request
from voicemate.hearing.transcript import Transcript
from voicemate.hearing.whisper import Whisper
from voicemate.sound import Pcm, samples

SECOND = np.zeros(samples(1000), dtype=np.float32)


class ScriptedWhisper:
    """whisper.cpp, of a size without drafts, as it says one thing after the other, with the same confidence."""

    multilingual = False
    size = "small"

    def __init__(self, confidence: float, *texts: str) -> None:
        self._confidence = confidence
        self._texts = list(texts)

    def decode(self, pcm: Pcm, request: Request, cancellation: Cancellation) -> Decoded:
        return Decoded(self._texts.pop(0), (self._confidence,), complete=True)

    def close(self) -> None: ...


async def transcribed(monkeypatch: pytest.MonkeyPatch, confidence: float, *texts: str) -> Transcript:
    monkeypatch.setattr(
        "voicemate.hearing.whisper.WhisperCpp", lambda path, threads: ScriptedWhisper(confidence, *texts)
    )
    whisper = Whisper(Path("scripted"), threads=1)
    try:
        return await whisper.transcribe(SECOND, prompt="Juniper")
    finally:
        whisper.close()


async def test_unsure_words_are_told_with_how_far_another_try_agrees(monkeypatch: pytest.MonkeyPatch):
    made_up = await transcribed(monkeypatch, 0.45, "to the last few years.", "(speaking in foreign language)")
    assert (made_up.text, made_up.agreed) == ("to the last few years.", 0)
    said = await transcribed(monkeypatch, 0.45, "Cancel all timers.", "cancel all timers")
    assert (said.text, said.agreed) == ("Cancel all timers.", 1)


@pytest.mark.parametrize(("confidence", "text"), [(0.9, "Cancel all timers."), (0.45, "Stop."), (0.45, "[Music]")])
async def test_nothing_else_is_transcribed_twice(monkeypatch: pytest.MonkeyPatch, confidence: float, text: str):
    assert (await transcribed(monkeypatch, confidence, text)).agreed == 1
