"""``voicemate doctor`` as users and scripts see it."""

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

RunCheck = Callable[[CheckContext], Sequence[Finding]]

GONE = "A crashed daemon left its control socket: /run/user/1000/voicemate/control.sock (the next start replaces it)"


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
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, RunCheck]:
    """The checks that run, by name."""
    chosen: dict[str, RunCheck] = {}
    monkeypatch.setattr(
        registry, "all_checks", lambda loopback: [Check("Things", name, check, 0.2) for name, check in chosen.items()]
    )
    return chosen


def test_warnings_end_with_exit_code_zero(
    checks: dict[str, RunCheck], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks["disk"] = lambda context: [ok("80 GB free")]
    checks["socket"] = lambda context: [warning(GONE, "`rm it`")]
    assert run(monkeypatch) == 0
    assert capsys.readouterr().out == (
        "Things\n"
        " ✓ disk       80 GB free\n"
        " ! socket     A crashed daemon left its control socket:\n"
        "              /run/user/1000/voicemate/control.sock (the next start replaces it)\n"
        "              → `rm it`\n"
        "\n"
        "no problems · 1 warning · 1 ok\n"
    )


def test_a_problem_ends_with_exit_code_one(
    checks: dict[str, RunCheck], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks["folders"] = lambda context: [problem("Gone", "Make it", fix=CreateFolders((Path("/x"),)))]
    checks["disk"] = lambda context: [problem("Full", "Make room")]
    assert run(monkeypatch) == 1
    shown = capsys.readouterr().out
    assert "2 problems · no warnings · 0 ok" in shown
    assert "`voicemate doctor --fix` can fix 1 of them." in shown


def test_fix_reports_what_it_did(
    checks: dict[str, RunCheck], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = home / "wanted"
    fix = CreateFolders((wanted,))
    checks["folders"] = lambda context: [ok("There")] if wanted.exists() else [problem("Gone", "Make it", fix=fix)]
    assert run(monkeypatch, "--fix") == 0
    shown = capsys.readouterr().out
    assert "✓ folders    There" in shown
    assert "--fix: created" in shown


def test_a_check_that_crashes_or_hangs_does_not_stop_the_others(
    checks: dict[str, RunCheck], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finish, exits = threading.Event(), list[int]()

    def hang(context: CheckContext) -> Sequence[Finding]:
        finish.wait(60)
        return []

    checks["first"] = lambda context: [ok(str(1 // 0))]
    checks["second"] = hang
    checks["third"] = lambda context: [ok("Fine")]
    monkeypatch.setattr(doctor.os, "_exit", lambda status: exits.append(status))
    assert run(monkeypatch) == 1
    finish.set()
    shown = capsys.readouterr().out
    assert "ZeroDivisionError" in shown
    assert "did not finish" in shown
    assert "✓ third      Fine" in shown
    assert exits == [1], "the process does not wait for the check that hangs"


def test_without_unicode_the_signs_are_ascii(checks: dict[str, RunCheck], monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "from voicemate.cli.render.doctor_table import ReportPrinter;"
        "from voicemate.cli.render.output import stdout_console;"
        "from voicemate.doctor.runner import CheckResult; from voicemate.doctor.check import Check;"
        "from voicemate.doctor.finding import problem;"
        "result = CheckResult(Check('G', 'disk', lambda context: []), (problem('Full', 'Make room'),));"
        "ReportPrinter(stdout_console()).print_result(result)"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, timeout=60, check=True
    )
    assert done.stdout.decode("ascii") == "G\n x disk       Full\n              -> Make room\n"


# ---------------------------------------------------------------- JSON

SCHEMA: dict[str, type | tuple[type, ...]] = {
    "group": str,
    "check": str,
    "severity": str,
    "message": str,
    "hint": str,
    "fixable": bool,
    "facts": dict,
}


def check_schema(report: dict[str, Any]) -> None:
    """docs/guide/doctor.md promises this."""
    assert set(report) == {"version", "passed", "findings", "fixed"}
    assert isinstance(report["version"], str)
    for finding in report["findings"]:
        assert set(finding) == set(SCHEMA)
        for name, kind in SCHEMA.items():
            assert isinstance(finding[name], kind), (name, finding)
        assert finding["severity"] in ("ok", "warning", "problem")
        assert finding["message"]
        assert not finding["message"].endswith(".")
        assert "\n" not in finding["message"]
    assert report["passed"] == all(finding["severity"] != "problem" for finding in report["findings"])
    assert all(set(one) == {"check", "message"} for one in report["fixed"])


def test_json_is_one_object(
    checks: dict[str, RunCheck], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fix = CreateFolders((home / "wanted",))
    checks["disk"] = lambda context: [problem("Full", "Make room", free=3)]
    checks["folders"] = lambda context: [ok("There", fix=fix)]
    assert run(monkeypatch, "--json", "--fix") == 1
    report = json.loads(capsys.readouterr().out)
    check_schema(report)
    assert report["findings"][0] == {
        "group": "Things",
        "check": "disk",
        "severity": "problem",
        "message": "Full",
        "hint": "Make room",
        "fixable": False,
        "facts": {"free": 3},
    }
    assert report["fixed"] == [{"check": "folders", "message": f"created {home / 'wanted'}"}]


def test_every_check_finishes_on_this_machine(home: Path) -> None:
    """Run as a user runs it. The findings depend on the machine; that there are findings does not."""
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text('[audio]\ninput = "no such device"\n')  # opens no device
    command = [sys.executable, "-m", "voicemate", "doctor", "--json"]
    environment = {**os.environ, "VOICEMATE_MODELS": str(home / "models"), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    check_schema(report)
    assert not [one for one in report["findings"] if "check crashed" in one["message"]]
    by_name = {one["check"]: one for one in reversed(report["findings"])}
    expected: dict[str, Callable[[dict[str, Any]], bool]] = {
        "settings": lambda one: one["facts"]["keys"] == ["audio.input"],
        "models": lambda one: one["hint"] == "Run `voicemate models pull whisper-base`",
        "packages": lambda one: one["severity"] == "ok",
        "voice": lambda one: one["severity"] == "ok",
        "devices": lambda one: one["severity"] == "problem",
    }
    for name, holds in expected.items():  # on a very slow machine a check may time out, but nothing else
        assert holds(by_name[name]) or "did not finish" in by_name[name]["message"], by_name[name]
    level = by_name.get("level", {"message": "did not finish"})
    assert "did not finish" in level["message"], "the missing microphone is reported once"


def test_offline_excludes_other_options(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "--offline", "--loop") == 2
