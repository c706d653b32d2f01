"""The control socket, the running daemon, the login service and the desktop."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.control.noted import STATUS
from voicemate.config import Settings
from voicemate.control.socket_place import bound, socket_path
from voicemate.control.status import HotkeyState, Problem
from voicemate.conversation.instance import only_instance
from voicemate.desktop.qt.screen import INSTALL, what_is_wrong
from voicemate.doctor import login, running
from voicemate.doctor.check import Ground
from voicemate.doctor.desktop import DesktopFacts, _connects, bus_path, display_path, judge
from voicemate.doctor.finding import Finding, Level, ReinstallService, RemoveSocket
from voicemate.doctor.mending import carry_out
from voicemate.doctor.running import SocketFacts, judge_daemon, judge_hotkey, judge_socket
from voicemate.errors import ServiceError, VoicemateError
from voicemate.service import login as service_login
from voicemate.service.interpreter import Interpreter
from voicemate.service.login import Finding as ServiceFinding
from voicemate.service.login import Status as ServiceStatus
from voicemate.service.supervisor import Observed

GROUND = Ground(Settings(), "linux")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose name is short: a socket's path has room for some hundred letters."""
    with tempfile.TemporaryDirectory(prefix="vm-", dir="/tmp") as name:
        monkeypatch.setenv("VOICEMATE_HOME", name)
        yield Path(name)


def look_at_socket() -> Finding:
    (found,) = running.look_at_socket(GROUND)
    return found


# ---------------------------------------------------------------- the socket


def test_without_a_daemon_there_is_none(home: Path) -> None:
    assert look_at_socket().told == "None, as nobody runs"
    with only_instance():
        assert f"process {os.getpid()}" in look_at_socket().told


def test_one_that_answers_is_well(home: Path) -> None:
    with bound(socket_path()):
        assert look_at_socket().told == f"Answers at {socket_path()}"


def test_one_that_a_crash_left_can_be_taken_away(home: Path) -> None:
    bound(socket_path()).close()
    found = look_at_socket()
    assert found.level is Level.WARNING
    assert "A crash has left" in found.told
    assert found.fix == f"`rm {socket_path()}`"
    assert isinstance(found.mend, RemoveSocket)
    carry_out(found.mend, print)
    assert not socket_path().exists()
    assert look_at_socket().level is Level.OK


def test_one_that_a_daemon_has_taken_meanwhile_is_left_alone(home: Path) -> None:
    bound(socket_path()).close()
    mend = look_at_socket().mend
    assert mend
    with bound(socket_path()):
        with pytest.raises(VoicemateError, match="meanwhile"):
            carry_out(mend, print)
        assert socket_path().exists()


def test_a_file_in_its_place(home: Path) -> None:
    (home / "run").mkdir()
    socket_path().write_text("x")
    found = look_at_socket()
    assert (found.level, found.mend) == (Level.PROBLEM, None)
    assert "in the way" in found.told


@pytest.mark.parametrize(
    ("facts", "told", "fix"),
    [
        (SocketFacts(Path("/r/s"), 2, None), "The folder of the control", "sudo rm -r /r"),
        (
            SocketFacts(Path("/r/s"), 1, 2, True),
            "The control socket belongs to another account: /r/s",
            "sudo rm /r/s",
        ),
        (
            SocketFacts(Path("/r/s"), 1, 1, True, refusal="It does not answer"),
            "It does not answer",
            "voicemate restart",
        ),
    ],
)
def test_anothers_socket_and_one_that_hangs(facts: SocketFacts, told: str, fix: str) -> None:
    found = judge_socket(facts, uid=1)
    assert found.level is Level.PROBLEM
    assert found.told.startswith(told)
    assert fix in found.fix
    assert found.mend is None, "what is not ours is not touched"


# ---------------------------------------------------------------- the daemon


def test_a_daemon_that_is_well_and_none() -> None:
    assert judge_daemon(None, "0")[0].facts == {"running": False}
    (found,) = judge_daemon(STATUS, "0")
    assert found.level is Level.OK
    assert found.told.startswith("listening, process")


@pytest.mark.parametrize(
    "problem",
    [
        Problem(where="settings", wrong="In settings.toml, line 3, there is no setting", remedy="Correct it"),
        Problem(where="history", wrong="The disk is full", remedy="Make room"),
        Problem(where="log", wrong="The log cannot be written: Read-only file system", remedy="Make it yours"),
        Problem(where="menu", wrong="There is no tray", remedy="Install an extension"),
    ],
)
def test_what_the_daemon_says_is_wrong_is_wrong_here_too(problem: Problem) -> None:
    (found,) = judge_daemon(STATUS.model_copy(update={"problems": [problem]}), "0")
    assert found.level is Level.PROBLEM
    assert found.told == f"{problem.where}: {problem.wrong}"
    assert found.fix == problem.remedy


TAKEN = Problem(
    where="hotkey", wrong="Another program has the key ctrl+option+space already", remedy="Choose another"
)


def test_a_hotkey_that_is_taken_is_told_once() -> None:
    status = STATUS.model_copy(update={"problems": [TAKEN]})
    assert judge_daemon(status, "0")[0].level is Level.OK
    found = judge_hotkey(status)
    assert (found.level, found.told, found.fix) == (Level.PROBLEM, TAKEN.wrong, TAKEN.remedy)


@pytest.mark.parametrize(
    ("hotkey", "told"),
    [
        (HotkeyState(chord="ctrl+option+space", watched=True), "ctrl+option+space is watched (hold)"),
        (HotkeyState(), "None is wanted (`hotkey.chord` is empty)"),
        (
            HotkeyState(chord="f9", why="There is no display. Start one."),
            "f9 is not watched. There is no display. Start one",
        ),
    ],
)
def test_a_hotkey_that_nobody_misses_is_well(hotkey: HotkeyState, told: str) -> None:
    found = judge_hotkey(STATUS.model_copy(update={"hotkey": hotkey}))
    assert (found.level, found.told) == (Level.OK, told)
    assert running.look_at_hotkey(GROUND) == [], "without a daemon nobody watches it"


def test_an_old_daemon_and_one_without_its_locks() -> None:
    old, off = judge_daemon(STATUS.model_copy(update={"offline": {"audit hook": True, "Landlock": False}}), "2")
    assert old.fix == "`voicemate restart`"
    assert "Landlock" in off.told


# ---------------------------------------------------------------- login


def status(**changes: Any) -> ServiceStatus:
    interpreter = Interpreter("/moved/bin/python", "3.12", "", {}, "0")
    parts = {
        "manager": "systemd",
        "installed": True,
        "at_login": True,
        "definition": "/d",
        "interpreter": interpreter,
    }
    observed = Observed(loaded=True, state="active", pid=7, last_exit=None)
    return ServiceStatus(**{**parts, "observed": observed, "findings": (), "advice": (), **changes})


class Service:
    def __init__(self, found: ServiceStatus):
        self.installed = found.installed
        self._found = found
        self.reinstalled: list[Any] = []

    def status(self) -> ServiceStatus:
        return self._found

    def install(self, interpreter: Any) -> None:
        self.reinstalled.append(interpreter)


def test_a_service_that_is_well_one_that_is_off_and_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, level, told in (
        (status(), Level.OK, "running (process 7)"),
        (status(at_login=False), Level.WARNING, "switched off"),
        (status(installed=False), Level.OK, "Not installed"),
    ):
        monkeypatch.setattr(login, "login_service", lambda found=found: Service(found))
        (seen,) = login.look(GROUND)
        assert seen.level is level
        assert told in seen.told


def test_a_service_whose_environment_has_moved_is_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ServiceFinding("The virtual environment has moved or is gone", "Run `voicemate service install`")
    service = Service(status(findings=(wrong,)))
    monkeypatch.setattr(login, "login_service", lambda: service)
    monkeypatch.setattr(service_login, "login_service", lambda tell: service)
    (found,) = login.look(GROUND)
    assert found.level is Level.PROBLEM
    assert found.fix == wrong.remedy
    assert isinstance(found.mend, ReinstallService)
    assert "installed the service again" in carry_out(found.mend, print)
    assert service.reinstalled


def test_a_service_with_another_trouble_is_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    here = status().interpreter
    assert here
    python = Interpreter("/bin/sh", here.version, "", {}, "0")  # a program that is there
    wrong = ServiceFinding("It ended with exit code 1", "`voicemate service logs`")
    monkeypatch.setattr(login, "login_service", lambda: Service(status(findings=(wrong,), interpreter=python)))
    assert login.look(GROUND)[0].mend is None


def test_as_root_and_without_systemd_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Service:
        raise ServiceError("The service belongs to your own account, not to root", "Repeat this without sudo")

    monkeypatch.setattr(login, "login_service", refuse)
    assert login.look(GROUND)[0].level is Level.WARNING

    class Unreachable(Service):
        def status(self) -> ServiceStatus:
            raise ServiceError("No systemd runs for this account", "Log in directly")

    monkeypatch.setattr(login, "login_service", lambda: Unreachable(status()))
    (found,) = login.look(GROUND)
    assert (found.level, found.fix) == (Level.PROBLEM, "Log in directly")


# ---------------------------------------------------------------- the desktop


@pytest.mark.parametrize(
    ("facts", "told", "fix"),
    [
        (DesktopFacts("", bus=False), "There is no display here", "voicemate ptt toggle"),
        (DesktopFacts(":3", display_answers=False), "The display :3 does not answer", "DISPLAY"),
        (DesktopFacts(":0", bus=False), "No D-Bus of the session", "dbus-run-session"),
        (DesktopFacts(":0", bus_answers=False), "The session's D-Bus does not answer", "dbus-run-session"),
        (DesktopFacts(":0", no_menu=what_is_wrong(0, "no tray", "")), "This desktop has no tray", "AppIndicator"),
    ],
)
def test_without_a_display_d_bus_or_tray_all_else_works(facts: DesktopFacts, told: str, fix: str) -> None:
    (found,) = judge(facts)
    assert found.level is Level.WARNING, "a conversation works"
    assert found.told.startswith(told)
    assert "all else works" in found.told
    assert fix in found.fix


def test_a_desktop_that_is_whole() -> None:
    (whole,) = judge(DesktopFacts("wayland-0"))
    assert whole.told == "Display wayland-0 and D-Bus answer; the menu can be shown (`voicemate menu`)"
    (without,) = judge(DesktopFacts(":0", can_draw=False))
    assert without.level is Level.OK, "the menu is an extra"
    assert INSTALL in without.told


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("unix:path=/run/user/1000/bus", "/run/user/1000/bus"),
        ("unix:path=/tmp/dbus-x,guid=0123", "/tmp/dbus-x"),
        ("unix:guid=0123,abstract=/tmp/dbus-x", "\0/tmp/dbus-x"),
        ("tcp:host=localhost,port=1;unix:path=/b", "/b"),
        ("tcp:host=localhost,port=1", ""),
        ("", "/run/user/7/bus"),
    ],
)
def test_where_d_bus_is(address: str, path: str) -> None:
    assert bus_path({"DBUS_SESSION_BUS_ADDRESS": address, "XDG_RUNTIME_DIR": "/run/user/7"}) == path


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, ("", "")),
        ({"DISPLAY": ":0"}, (":0", "/tmp/.X11-unix/X0")),
        ({"DISPLAY": "unix:12.1"}, ("unix:12.1", "/tmp/.X11-unix/X12")),
        ({"DISPLAY": "far:0"}, ("far:0", "")),
        ({"WAYLAND_DISPLAY": "wayland-1", "XDG_RUNTIME_DIR": "/r", "DISPLAY": ":0"}, ("wayland-1", "/r/wayland-1")),
    ],
)
def test_where_the_display_is(environment: dict[str, str], found: tuple[str, str]) -> None:
    assert display_path(environment) == found


def test_somebody_has_to_listen_there(home: Path) -> None:
    path = str(home / "bus")
    assert not _connects(path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        assert not _connects(path)
        listening.listen()
        assert _connects(path)
    assert not _connects("/" + "x" * 200)


def test_a_mac_has_always_a_menu_bar() -> None:
    from voicemate.doctor import desktop

    assert desktop.look(SimpleNamespace(platform="darwin")) == []  # type: ignore[arg-type]
