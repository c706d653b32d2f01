from collections.abc import Callable
from pathlib import Path

import pytest

from voicemate.core import paths


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of shipped personas: empty."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    monkeypatch.setattr(
        paths, "shipped_path", lambda name: tmp_path / "shipped" if name == "personas" else tmp_path / name
    )
    return folder


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: Path) -> Path:
    """The person's own folder: empty."""
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "config" / "personas"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def card() -> Callable[..., str]:
    """A small persona in TOML."""
    return lambda name, more="": f'name = "{name}"\ndescription = "Someone called {name}."\n{more}'
