"""Where things are kept, and who may look into it."""

import os
import stat
from pathlib import Path

import pytest

from voicemate.core import paths


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VOICEMATE_HOME", "VOICEMATE_MODELS"):
        monkeypatch.delenv(name, raising=False)


def test_one_folder_can_hold_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    folders = {
        paths.config_folder(),
        paths.data_folder(),
        paths.state_folder(),
        paths.runtime_folder(),
        paths.models_folder(),
    }
    assert folders == {tmp_path / name for name in ("config", "data", "state", "run", "models")}


def test_a_tilde_means_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VOICEMATE_HOME", "~/talk")
    monkeypatch.setenv("VOICEMATE_MODELS", "~/weights")
    assert paths.data_folder() == tmp_path / "talk" / "data"
    assert paths.models_folder() == tmp_path / "weights"


def test_without_it_everything_goes_where_the_platform_keeps_it():
    for folder in (paths.config_folder(), paths.data_folder(), paths.state_folder()):
        assert folder.is_absolute()
        assert folder.name == "voicemate"


def test_models_can_be_shared_between_homes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VOICEMATE_MODELS", str(tmp_path / "weights"))
    assert paths.models_folder() == tmp_path / "weights"
    assert paths.data_folder() == tmp_path / "home" / "data"


def test_asking_where_things_are_makes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path / "home"))
    paths.data_folder()
    paths.models_folder()
    assert list(tmp_path.iterdir()) == []


def test_the_catalog_of_models_ships_with_the_program():
    assert paths.shipped_path("models/catalog.toml").is_file()


def test_a_private_folder_is_the_accounts_own_whatever_the_umask(tmp_path: Path):
    before = os.umask(0)
    try:
        made = paths.make_private_folder(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert made == tmp_path / "a" / "b"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "kept").touch()
    paths.make_private_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "kept").exists()
