"""The menu starts at login together with the service, if it can be shown."""

import plistlib
import sys
from pathlib import Path

import pytest

from voicemate.cli import menu
from voicemate.cli.menu import LocalMenuActions, set_menu_at_login
from voicemate.core.errors import ModelError
from voicemate.menu.menu_state import MenuProblem
from voicemate.service.failure import record_exit


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path / "place"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def set_platform(monkeypatch: pytest.MonkeyPatch, platform: str, pyside: bool = True) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(menu, "find_spec", lambda name: object() if pyside else None)


def test_the_entry_on_linux(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_platform(monkeypatch, "linux")
    set_menu_at_login(True)
    text = (home / ".config/autostart/voicemate-menu.desktop").read_text()
    assert f"VOICEMATE_HOME={home}/place" in text
    assert text.rstrip().splitlines()[-2].endswith('"menu" "--at-login"')
    set_menu_at_login(False)
    assert not list((home / ".config/autostart").iterdir())


def test_there_is_no_entry_without_pyside(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_platform(monkeypatch, "linux", pyside=False)
    set_menu_at_login(True)
    set_menu_at_login(False)
    assert not (home / ".config").exists()


def test_on_macos_the_app_shows_the_menu(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_platform(monkeypatch, "darwin", pyside=False)
    set_menu_at_login(True)
    agent = plistlib.loads((home / "Library/LaunchAgents/dev.voicemate.menu.plist").read_bytes())
    app = home / "Applications/Voicemate.app/Contents/MacOS/Voicemate"
    assert agent["ProgramArguments"] == [str(app), "menu", "--at-login"]


def test_a_dry_run_changes_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_platform(monkeypatch, "linux")
    lines: list[str] = []
    set_menu_at_login(True, lines.append)
    set_menu_at_login(False, lines.append)
    assert lines == [f"write   {home}/.config/autostart/voicemate-menu.desktop"]
    assert not (home / ".config").exists()


def test_the_last_failure_of_an_installed_service(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_platform(monkeypatch, "linux")
    monkeypatch.delenv("SUDO_USER", raising=False)
    record_exit("systemd", 5, ModelError("The model is gone", "Fetch it"))
    assert LocalMenuActions().last_failure() is None
    unit = home / ".config/systemd/user/voicemate.service"
    unit.parent.mkdir(parents=True)
    unit.touch()
    assert LocalMenuActions().last_failure() == MenuProblem("The model is gone", "Fetch it")
