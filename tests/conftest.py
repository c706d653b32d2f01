"""What all tests share: the recordings and the starter models, where they are at hand."""

import errno
import os
from pathlib import Path

import hypothesis
import pytest

from voicemate.core.paths import models_folder
from voicemate.sandbox import locking
from voicemate.sandbox.proof import KernelFacts, OfflineProof, SelfTestAttempt
from voicemate.testing.speech_corpus import FOLDER, MANIFEST, SpeechRecording, load_corpus

hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", derandomize=False, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""Every run tries the same examples, so that a failure is of the change; ``make explore`` looks for new ones."""


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that a test calls believe to be offline: the locks cannot be taken off again, and would stay on."""
    believed = OfflineProof((), (SelfTestAttempt("C", "TCP", None, errno.EACCES),), (), KernelFacts("", ""), 0.0)
    monkeypatch.setattr(locking, "_locked", lambda sandbox: believed)
    monkeypatch.setattr(locking, "_proof", None)


@pytest.fixture(scope="session")
def clips() -> dict[str, SpeechRecording]:
    """The recordings by their name in the manifest; without them the tests that need them skip."""
    if not (FOLDER / MANIFEST).is_file():
        pytest.skip(f"no recordings: set VOICEMATE_SPEECH to a folder with a {MANIFEST}")
    return {recorded.name: recorded for recorded in load_corpus()}


def starter(file: str) -> Path:
    path = models_folder() / file
    if not path.is_file():
        pytest.fail(f"{path} is missing: run `voicemate models pull starter` first")
    return path


@pytest.fixture(scope="session")
def whisper_tiny() -> Path:
    return starter("ggml-tiny.en-q8_0.bin")


@pytest.fixture(scope="session")
def whisper_base() -> Path:
    return starter("ggml-base-q8_0.bin")


@pytest.fixture(scope="session")
def smollm2() -> Path:
    return starter("SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(scope="session")
def silero() -> Path:
    return starter("silero_vad.onnx")


@pytest.fixture(scope="session")
def smart_turn() -> Path:
    return starter("smart-turn-v3.2-cpu.onnx")
