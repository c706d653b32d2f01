"""The first start offers a better model, once, and never insists."""

from pathlib import Path
from typing import Any

import pytest

from voicemate.cli import first_start
from voicemate.cli.first_start import offer_better_model
from voicemate.config.schema import LlmSettings, Settings, load


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What there is to offer; asked for by ``offer["asked"]``."""
    offer: dict[str, Any] = {"name": "qwen3-4b", "size": 2_500_000_000, "reachable": True, "asked": 0}

    def ask() -> dict[str, Any]:
        offer["asked"] += 1
        return offer

    monkeypatch.setattr(first_start, "_ask_for_offer", ask)
    return offer


def test_without_a_hub_one_line_says_how_to_get_one_later(
    offered: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    offered["reachable"] = False
    assert offer_better_model(Settings()) == Settings()
    shown = capsys.readouterr().err.strip().splitlines()
    assert len(shown) == 1
    assert "voicemate models pull qwen3-4b" in shown[0]


def test_it_is_said_at_the_first_start_only(offered: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    offer_better_model(Settings())
    capsys.readouterr()
    offer_better_model(Settings())
    assert capsys.readouterr().err == ""
    assert offered["asked"] == 1


def test_a_person_who_chose_a_model_is_not_asked(offered: dict[str, Any]) -> None:
    chosen = Settings(llm=LlmSettings(model="qwen3-8b"))
    assert offer_better_model(chosen) == chosen
    assert offered["asked"] == 0


def test_a_machine_that_is_too_small_is_told_nothing(
    offered: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    offered["name"] = None
    offer_better_model(Settings())
    assert capsys.readouterr().err == ""


def test_yes_fetches_it_and_keeps_it_for_the_next_start(
    offered: dict[str, Any], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    ran: list[list[str]] = []

    class Done:
        returncode = 0

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(first_start.stderr_console().__class__, "is_terminal", True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    monkeypatch.setattr(first_start.subprocess, "run", lambda command, check: ran.append(command) or Done())
    assert offer_better_model(Settings()).llm.model == "qwen3-4b"
    assert ran[0][-3:] == ["models", "pull", "qwen3-4b"]
    assert load().llm.model == "qwen3-4b"
