from pathlib import Path

import pytest

from voicemate.config.schema import TtsSettings

HERE = Path(__file__).parent


@pytest.fixture
def phrase_folder(tmp_path, monkeypatch) -> Path:
    """Where helpers keep their private folders."""
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def marker(tmp_path, monkeypatch) -> Path:
    """The drivers beside this file can be named to a helper; the bad one makes this file where it begins "once"."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.setenv("BAD_DRIVER_MARKER", str(tmp_path / "marker"))
    return tmp_path / "marker"


@pytest.fixture
def impatient() -> TtsSettings:
    return TtsSettings(timeout_s=0.5)
