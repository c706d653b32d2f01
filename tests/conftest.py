"""What all tests share: the recordings and the starter models, where they are at hand."""

import csv
import errno
import os
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import soundfile

from voicemate.offline import locking
from voicemate.offline.proof import Attempt, KernelFacts, OfflineProof
from voicemate.places import models_folder
from voicemate.sound import CLOCK_HZ, Pcm

hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", derandomize=False, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
"""Every run tries the same examples, so that a failure is of the change; ``make explore`` looks for new ones."""

SPEECH = Path(os.environ.get("VOICEMATE_SPEECH", Path(__file__).parents[2] / "shared" / "speech"))
"""A folder of recordings with a manifest.tsv, kept outside the project; tests that need it skip without it."""


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that a test calls believe to be offline: the locks cannot be taken off again, and would stay on."""
    believed = OfflineProof((), (Attempt("C", "TCP", None, errno.EACCES),), (), KernelFacts("", ""), 0.0)
    monkeypatch.setattr(locking, "_locked", lambda sandbox: believed)
    monkeypatch.setattr(locking, "_proof", None)


@dataclass(frozen=True)
class Clip:
    """One recording and what is known of it."""

    path: Path
    language: str
    kind: str
    transcript: str
    note: str

    def pcm(self) -> Pcm:
        """16 kHz mono float32."""
        sound, rate = soundfile.read(self.path, dtype="float32")
        assert rate == CLOCK_HZ
        return np.ascontiguousarray(sound, dtype=np.float32)


@pytest.fixture(scope="session")
def clips() -> dict[str, Clip]:
    """The recordings by their name in the manifest."""
    manifest = SPEECH / "manifest.tsv"
    if not manifest.is_file():
        pytest.skip("no recordings: set VOICEMATE_SPEECH to a folder with a manifest.tsv")
    with manifest.open(encoding="utf-8", newline="") as table:
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {
            row["clip"]: Clip(SPEECH / row["clip"], row["lang"], row["kind"], row["transcript"], row["note"])
            for row in rows
        }


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
