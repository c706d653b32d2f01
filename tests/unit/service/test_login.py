"""The command ``voicemate service``, for people and scripts."""

import json
import sys
from pathlib import Path

import pytest

from tests.unit.service.fakes import FakeLaunchd, FakeMac, FakeMachine, FakeSystemd
from voicemate import cli
from voicemate.service import login
from voicemate.service.effects import CommandResult
from voicemate.service.interpreter import this_interpreter


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path / "place"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    for variable in ("SUDO_USER", "XDG_CONFIG_HOME", "VOICEMATE_MODELS"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture
def machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    """A Linux machine with systemd."""
    machine = FakeMachine()
    FakeSystemd(machine, home / ".config/systemd/user/voicemate.service")
    version = this_interpreter().version
    machine.programs[this_interpreter().python] = lambda argv: CommandResult(0, f"{version}\n")
    monkeypatch.setattr(login, "LocalMachine", lambda: machine)
    monkeypatch.setattr(sys, "platform", "linux")
    return machine


@pytest.fixture
def mac(machine: FakeMachine, home: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMac:
    """The same as a Mac."""
    for_mac = login.login_service
    monkeypatch.setattr(login, "login_service", lambda **given: for_mac(platform="darwin", **given))
    monkeypatch.setattr("os.geteuid", lambda: 501)
    return FakeMac(machine, FakeLaunchd(machine), home)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["voicemate", "service", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_install_status_uninstall(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "status") == 15
    assert "not installed (`voicemate service install`)" in capsys.readouterr().out
    assert run(monkeypatch, "install") == 0
    assert "Installed and running" in capsys.readouterr().err
    assert run(monkeypatch, "status", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["installed"], status["observed"]["pid"], status["problems"]) == (True, 700, [])
    assert run(monkeypatch, "status") == 0
    assert "running (process 700)" in capsys.readouterr().out
    assert run(monkeypatch, "uninstall") == 0
    assert run(monkeypatch, "uninstall") == 0
    assert "not installed" in capsys.readouterr().err


def test_a_service_that_ends_at_once_is_an_error_with_its_message(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.programs["systemctl"].ends_with = 3  # type: ignore[attr-defined]
    assert run(monkeypatch, "install") == 15
    assert "exited at once" in capsys.readouterr().err
    assert run(monkeypatch, "status") == 15
    assert "exit code 3" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_dry_run_on_a_mac_lists_files_and_commands_and_changes_nothing(
    command: str, mac: FakeMac, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "uninstall":
        assert run(monkeypatch, "install") == 0
    before, mac.machine.calls[:] = dict(mac.machine.files), []
    assert run(monkeypatch, command, "--dry-run") == 0
    listed = capsys.readouterr().out
    assert mac.machine.files == before
    assert "service-undo" not in listed
    assert {argv[:2] for argv in mac.machine.calls if argv[0] in ("launchctl", "open", "tccutil")} <= {
        ("launchctl", "print")
    }
    files = ("host.conf", "Contents/MacOS/Voicemate", "Info.plist", "CodeResources", "dev.voicemate.agent.plist")
    for name in (*files, "service.json"):
        assert name in listed, name
    commands = {"install": ("clang", "codesign", "open -W", "launchctl enable", "launchctl bootstrap")}
    for name in commands.get(command, ("launchctl bootout", "tccutil reset")):
        assert name in listed, name


def test_a_dry_run_lists_what_a_real_run_does(
    mac: FakeMac, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "install", "--dry-run")
    said = [line.split(maxsplit=1)[1] for line in capsys.readouterr().out.splitlines() if line.startswith("run")]
    told = [tuple(line.split()[:2]) for line in said]
    mac.machine.calls.clear()
    run(monkeypatch, "install")
    looks = ("print", "-p", "-I")
    did = [argv[:2] for argv in mac.machine.calls if argv[1] not in looks]
    assert [words[0] for words in told] == [words[0] for words in did]


def test_root_is_refused(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "someone")
    assert run(monkeypatch, "install") == 15
    assert "without sudo" in capsys.readouterr().err


def test_logs_runs_the_systems_log_viewer(
    machine: FakeMachine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[tuple[str, ...]] = []

    def absent(program: str, argv: tuple[str, ...]) -> None:
        shown.append(argv)
        raise FileNotFoundError

    monkeypatch.setattr("os.execvp", absent)
    assert run(monkeypatch, "logs", "-n", "7", "-f") == 15
    assert shown[0][0] == "journalctl"
    assert {"7", "--follow"} <= set(shown[0])
    assert "no journalctl" in capsys.readouterr().err


def test_the_app_asks_for_the_microphone_and_writes_the_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert run(monkeypatch, "ask-microphone", str(home / "answer")) == 0
    assert (home / "answer").read_text() == "NOT_NEEDED"
