"""The first start offers a better language model once."""

from pathlib import Path
from typing import Any

import pytest

from voicemate.cli import talk
from voicemate.cli.talk import offer_better_model
from voicemate.config.loader import load
from voicemate.config.schema import LlmSettings, Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The offer; ``offer["asked"]`` counts how often it was queried."""
    offer: dict[str, Any] = {"name": "qwen3-4b", "size": 2_500_000_000, "reachable": True, "asked": 0}

    def ask() -> dict[str, Any]:
        offer["asked"] += 1
        return offer

    monkeypatch.setattr(talk, "_query_better_model", ask)
    return offer


def test_without_a_network_a_note_says_how_to_download_it_later(
    offered: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    offered["reachable"] = False
    assert offer_better_model(Settings()) == Settings()
    shown = capsys.readouterr().err.strip().splitlines()
    assert len(shown) == 1
    assert "voicemate models pull qwen3-4b" in shown[0]


def test_it_is_said_at_the_talk_only(offered: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    offer_better_model(Settings())
    capsys.readouterr()
    offer_better_model(Settings())
    assert capsys.readouterr().err == ""
    assert offered["asked"] == 1


def test_there_is_no_offer_for_a_chosen_model(offered: dict[str, Any]) -> None:
    chosen = Settings(llm=LlmSettings(model="qwen3-8b"))
    assert offer_better_model(chosen) == chosen
    assert offered["asked"] == 0


def test_there_is_no_offer_on_a_small_machine(offered: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    offered["name"] = None
    offer_better_model(Settings())
    assert capsys.readouterr().err == ""


def test_yes_downloads_it_and_writes_the_setting(
    offered: dict[str, Any], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    ran: list[list[str]] = []

    class Done:
        returncode = 0

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(talk.stderr_console().__class__, "is_terminal", True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    monkeypatch.setattr(talk.subprocess, "run", lambda command, check: ran.append(command) or Done())
    assert offer_better_model(Settings()).llm.model == "qwen3-4b"
    assert ran[0][-3:] == ["models", "pull", "qwen3-4b"]
    assert load().llm.model == "qwen3-4b"
