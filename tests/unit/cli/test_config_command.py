"""``voicemate config`` as users and scripts see it."""

import json
import sys
from pathlib import Path

import pytest

from voicemate import cli
from voicemate.config.editor import documented_toml
from voicemate.config.loader import load
from voicemate.config.schema import Settings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path / "config" / "settings.toml"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["voicemate", "config", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *drafts: str) -> None:
    """An editor that writes one of ``drafts`` after the other."""
    script = tmp_path / "editor.py"
    for number, draft in enumerate(drafts):
        (tmp_path / f"draft{number}").write_text(draft)
    script.write_text(
        "import pathlib, sys\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "first = sorted(folder.glob('draft*'))[0]\n"
        "pathlib.Path(sys.argv[1]).write_text(first.read_text())\n"
        "first.unlink()\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")


def test_init_explains_every_setting_and_keeps_the_users_values(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "init") == 0
    assert file.read_text() == documented_toml()
    file.write_text('persona = "mei"\n')
    assert run(monkeypatch, "init") == 3
    assert "--force" in capsys.readouterr().err
    assert run(monkeypatch, "init", "--force") == 0
    assert load().persona == "mei"
    assert "silence_ms" in file.read_text()


def test_set_get_show_and_unset(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "set", "turns.silence_ms", "300") == 0
    assert "turns.silence_ms = 300" in capsys.readouterr().err
    assert run(monkeypatch, "get", "turns.silence_ms") == 0
    assert capsys.readouterr().out == "300\n"
    assert run(monkeypatch, "show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["turns.silence_ms"] == 300
    assert shown["persona"] == Settings().persona
    assert run(monkeypatch, "show") == 0
    assert "turns.silence_ms" in capsys.readouterr().out
    assert run(monkeypatch, "unset", "turns.silence_ms") == 0
    assert load() == Settings()


def test_a_value_may_start_with_a_minus(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "set", "llm.gpu_layers", "-1") == 0
    assert run(monkeypatch, "set", "turns.silence_ms", "-1") == 3


@pytest.mark.parametrize("words", [("get", "stt.modle"), ("set", "stt.modle", "x"), ("unset", "stt.modle")])
def test_a_similar_name_is_suggested(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == 3
    assert "Did you mean `stt.model`" in capsys.readouterr().err


def test_an_edited_file_is_checked_before_it_is_used(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    editor(monkeypatch, tmp_path, 'persona = "mei"\nstt = 3\n', 'persona = "mei"\n')
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    assert run(monkeypatch, "edit") == 0
    assert f"In {file}, line 2, the setting `stt`" in capsys.readouterr().err
    assert load().persona == "mei"


def test_discarding_an_invalid_edit_changes_nothing(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(monkeypatch, tmp_path, "persona = 3\n")
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert run(monkeypatch, "edit") == 3
    assert not file.exists()


def test_a_missing_editor_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    assert run(monkeypatch, "edit") == 3
    assert "Set EDITOR" in capsys.readouterr().err


def test_the_path_is_printed(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "path") == 0
    assert capsys.readouterr().out == f"{file}\n"
