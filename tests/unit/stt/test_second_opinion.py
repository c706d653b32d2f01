from pathlib import Path

import numpy as np
import pytest

from voicemate.core.pcm import Pcm, to_samples
from voicemate.core.worker_thread import Cancellation
from voicemate.stt.base import Transcript
from voicemate.stt.decoding import DecodeRequest, DecodeResult
from voicemate.stt.whisper import Whisper

SECOND = np.zeros(to_samples(1000), dtype=np.float32)


class ScriptedWhisper:
    """whisper.cpp of a size without drafts, with scripted texts of the same confidence."""

    multilingual = False
    size = "small"

    def __init__(self, *decodes: tuple[str, float]) -> None:
        self._decodes = list(decodes)

    def decode(self, pcm: Pcm, request: DecodeRequest, cancellation: Cancellation) -> DecodeResult:
        text, confidence = self._decodes.pop(0)
        return DecodeResult(text, (confidence,), complete=True)

    def shrink(self) -> None: ...

    def close(self) -> None: ...


async def transcribed(monkeypatch: pytest.MonkeyPatch, *decodes: tuple[str, float]) -> Transcript:
    monkeypatch.setattr("voicemate.stt.whisper.WhisperCpp", lambda path, threads: ScriptedWhisper(*decodes))
    whisper = Whisper(Path("scripted"), threads=1)
    try:
        return await whisper.transcribe(SECOND, prompt="Juniper")
    finally:
        whisper.close()


async def test_unsure_words_have_the_agreement_of_a_second_decode(monkeypatch: pytest.MonkeyPatch):
    made_up = await transcribed(
        monkeypatch, ("to the last few years.", 0.45), ("(speaking in foreign language)", 0.45)
    )
    assert (made_up.text, made_up.agreement) == ("to the last few years.", 0)
    said = await transcribed(monkeypatch, ("Cancel all timers.", 0.45), ("cancel all timers", 0.45))
    assert (said.text, said.agreement) == ("Cancel all timers.", 1)


async def test_an_unlikely_second_decode_does_not_agree(monkeypatch: pytest.MonkeyPatch):
    made_up = await transcribed(monkeypatch, ("To the last years.", 0.45), ("To the last years.", 0.2))
    assert (made_up.text, made_up.agreement) == ("To the last years.", 0)


@pytest.mark.parametrize(("confidence", "text"), [(0.9, "Cancel all timers."), (0.45, "Stop."), (0.45, "[Music]")])
async def test_other_transcripts_have_no_second_decode(monkeypatch: pytest.MonkeyPatch, confidence: float, text: str):
    assert (await transcribed(monkeypatch, (text, confidence))).agreement == 1
