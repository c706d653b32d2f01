"""The reason why the menu cannot be shown is reported with a hint."""

import sys
from pathlib import Path

import pytest

from voicemate import cli
from voicemate.core.errors import MenuError
from voicemate.menu.qt.screen import interpret_probe, require_screen


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path


def error_text(code: int, out: str, err: str) -> str:
    error = interpret_probe(code, out, err)
    assert isinstance(error, MenuError)
    return str(error)


def test_a_tray_is_sufficient() -> None:
    assert interpret_probe(0, "a tray\n", "qt.qpa: some complaint") is None


def test_no_tray() -> None:
    assert "AppIndicator" in error_text(0, "no tray\n", "")


def test_a_display_that_refuses() -> None:
    err = 'qt.qpa.xcb: could not connect to display :7\nqt.qpa.plugin: Could not load the Qt platform plugin "xcb"'
    assert error_text(-6, "", err).startswith("The display cannot be reached.")


@pytest.mark.parametrize(
    "err",
    [
        "qt.qpa.plugin: From 6.5.0, xcb-cursor0 or libxcb-cursor0 is needed to load the Qt xcb platform plugin.\nx",
        "ImportError: libEGL.so.1: cannot open shared object file: No such file or directory",
    ],
)
def test_a_missing_library_is_named_with_the_packages(err: str) -> None:
    said = error_text(1, "", err)
    assert "libxcb-cursor0" in said
    assert "apt install" in said


def test_other_errors_are_reported_in_qts_words() -> None:
    assert "Segmentation" in error_text(-11, "", "some line\nSegmentation fault")
    assert "-11" in error_text(-11, "", "")


def test_no_pyside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicemate.menu.qt.screen.find_spec", lambda name: None)
    with pytest.raises(MenuError, match="pip install PySide6-Essentials"):
        require_screen({"DISPLAY": ":0"})


def test_no_display(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("voicemate.menu.qt.screen.find_spec", lambda name: object())
    for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.argv", ["voicemate", "menu"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == MenuError.exit_code
    assert "There is no display" in capsys.readouterr().err
