"""``voicemate doctor`` as people and scripts meet it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from voicemate import cli
from voicemate.cli import doctor
from voicemate.doctor import registry
from voicemate.doctor.check import Check, CheckContext
from voicemate.doctor.finding import CreateFolders, Finding, ok, problem, warning

Look = Callable[[CheckContext], Sequence[Finding]]

GONE = "A crash has left its control socket: /run/user/1000/voicemate/control.sock (the next start replaces it)"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["voicemate", "doctor", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Look]:
    """What each check finds, by its name; nothing else is looked at."""
    chosen: dict[str, Look] = {}
    monkeypatch.setattr(
        registry, "all_checks", lambda loop: [Check("Things", name, look, 0.2) for name, look in chosen.items()]
    )
    return chosen


def test_all_that_is_well_ends_with_zero(
    looks: dict[str, Look], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks["disk"] = lambda ground: [ok("80 GB free")]
    looks["socket"] = lambda ground: [warning(GONE, "`rm it`")]
    assert run(monkeypatch) == 0
    assert capsys.readouterr().out == (
        "Things\n"
        " ✓ disk       80 GB free\n"
        " ! socket     A crash has left its control socket:\n"
        "              /run/user/1000/voicemate/control.sock (the next start replaces it)\n"
        "              → `rm it`\n"
        "\n"
        "no problems · 1 warning · 1 fine\n"
    )


def test_a_problem_ends_with_one_and_says_what_could_be_mended(
    looks: dict[str, Look], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks["folders"] = lambda ground: [problem("Gone", "Make it", fix=CreateFolders((Path("/x"),)))]
    looks["disk"] = lambda ground: [problem("Full", "Make room")]
    assert run(monkeypatch) == 1
    shown = capsys.readouterr().out
    assert "2 problems · no warnings · 0 fine" in shown
    assert "`voicemate doctor --fix` can mend 1 of them." in shown


def test_fix_mends_and_says_what_it_did(
    looks: dict[str, Look], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = home / "wanted"
    mend = CreateFolders((wanted,))
    looks["folders"] = lambda ground: [ok("There")] if wanted.exists() else [problem("Gone", "Make it", fix=mend)]
    assert run(monkeypatch, "--fix") == 0
    shown = capsys.readouterr().out
    assert "✓ folders    There" in shown
    assert "--fix: made" in shown


def test_a_check_that_breaks_or_hangs_does_not_end_the_others(
    looks: dict[str, Look], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    over, left = threading.Event(), list[int]()

    def hang(ground: CheckContext) -> Sequence[Finding]:
        over.wait(60)
        return []

    looks["first"] = lambda ground: [ok(str(1 // 0))]
    looks["second"] = hang
    looks["third"] = lambda ground: [ok("Fine")]
    monkeypatch.setattr(doctor.os, "_exit", lambda status: left.append(status))
    assert run(monkeypatch) == 1
    over.set()
    shown = capsys.readouterr().out
    assert "ZeroDivisionError" in shown
    assert "did not come to an end" in shown
    assert "✓ third      Fine" in shown
    assert left == [1], "the process does not wait for what hangs"


def test_where_no_checkmark_can_be_written_there_are_letters(
    looks: dict[str, Look], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "from voicemate.cli.render.doctor_table import Report; from voicemate.cli.render.output import results;"
        "from voicemate.doctor.runner import Looked; from voicemate.doctor.check import Check;"
        "from voicemate.doctor.finding import problem;"
        "Report(results()).show(Looked(Check('G', 'disk', lambda ground: []), (problem('Full', 'Make room'),)))"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, timeout=60, check=True
    )
    assert done.stdout.decode("ascii") == "G\n x disk       Full\n              -> Make room\n"


# ---------------------------------------------------------------- for scripts

SCHEMA: dict[str, type | tuple[type, ...]] = {
    "group": str,
    "check": str,
    "level": str,
    "told": str,
    "fix": str,
    "mendable": bool,
    "facts": dict,
}


def check_schema(told: dict[str, Any]) -> None:
    """docs/guide/doctor.md promises this."""
    assert set(told) == {"version", "well", "findings", "done"}
    assert isinstance(told["version"], str)
    for finding in told["findings"]:
        assert set(finding) == set(SCHEMA)
        for name, kind in SCHEMA.items():
            assert isinstance(finding[name], kind), (name, finding)
        assert finding["level"] in ("ok", "warning", "problem")
        assert finding["told"]
        assert not finding["told"].endswith(".")
        assert "\n" not in finding["told"]
    assert told["well"] == all(finding["level"] != "problem" for finding in told["findings"])
    assert all(set(one) == {"check", "told"} for one in told["done"])


def test_scripts_get_one_object(
    looks: dict[str, Look], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mend = CreateFolders((home / "wanted",))
    looks["disk"] = lambda ground: [problem("Full", "Make room", free=3)]
    looks["folders"] = lambda ground: [ok("There", fix=mend)]
    assert run(monkeypatch, "--json", "--fix") == 1
    told = json.loads(capsys.readouterr().out)
    check_schema(told)
    assert told["findings"][0] == {
        "group": "Things",
        "check": "disk",
        "level": "problem",
        "told": "Full",
        "fix": "Make room",
        "mendable": False,
        "facts": {"free": 3},
    }
    assert told["done"] == [{"check": "folders", "told": f"made {home / 'wanted'}"}]


def test_on_this_machine_every_check_comes_to_an_end(home: Path) -> None:
    """As a person runs it; what it finds depends on the machine, and that it finds it does not."""
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text('[audio]\ninput = "none is called so"\n')  # so that none is opened
    command = [sys.executable, "-m", "voicemate", "doctor", "--json"]
    environment = {**os.environ, "VOICEMATE_MODELS": str(home / "models"), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    check_schema(told)
    assert not [one for one in told["findings"] if "check broke" in one["told"]]
    by_name = {one["check"]: one for one in reversed(told["findings"])}
    expected: dict[str, Callable[[dict[str, Any]], bool]] = {
        "settings": lambda one: one["facts"]["keys"] == ["audio.input"],
        "models": lambda one: one["fix"] == "Run `voicemate models pull whisper-base`",
        "packages": lambda one: one["level"] == "ok",
        "voice": lambda one: one["level"] == "ok",
        "devices": lambda one: one["level"] == "problem",
    }
    for name, holds in expected.items():  # on a starved machine one may be late, and nothing else
        assert holds(by_name[name]) or "did not come to an end" in by_name[name]["told"], by_name[name]
    told_twice = by_name.get("level", {"told": "did not come to an end"})
    assert "did not come to an end" in told_twice["told"], "that there is no microphone is told once"


def test_offline_is_looked_at_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "--offline", "--loop") == 2
