from pathlib import Path

import pytest

from voicemate.core.errors import ModelError
from voicemate.stt.whisper import Whisper
from voicemate.vad.silero import SileroDetector

pytestmark = pytest.mark.models


def test_a_missing_model_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match=r"nowhere\.bin cannot be read: No such file"):
        Whisper(tmp_path / "nowhere.bin", threads=1)


def test_a_language_model_is_no_whisper_model(smollm2: Path):
    with pytest.raises(ModelError, match="is no whisper model"):
        Whisper(smollm2, threads=1)


@pytest.mark.parametrize("kept", [3, 300_000, 30_000_000])
def test_a_model_that_is_cut_off_is_refused(whisper_tiny: Path, tmp_path: Path, kept: int):
    """whisper.cpp takes 300,000 bytes for an empty model of a test, and crashes on first use of 30,000,000."""
    cut_off = tmp_path / "cut-off.bin"
    with whisper_tiny.open("rb") as whole:
        cut_off.write_bytes(whole.read(kept))
    with pytest.raises(ModelError):
        Whisper(cut_off, threads=1)


@pytest.mark.parametrize("content", [b"", b"\x08\x01 not a network"])
def test_what_is_no_voice_activity_model_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "silero.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="not the Silero voice activity model"):
        SileroDetector(tmp_path / "silero.onnx", aggressiveness=1)


def test_another_network_is_no_voice_activity_model(tmp_path: Path):
    with pytest.raises(ModelError, match="not the Silero voice activity model"):
        SileroDetector(tmp_path / "missing.onnx", aggressiveness=1)
