"""The control socket, the running daemon, the login service and the desktop."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.control.recording_target import STATUS
from voicemate.app.single_instance import single_instance
from voicemate.config.schema import Settings
from voicemate.control.socket_path import bind_socket, socket_path
from voicemate.control.status import Problem, PushToTalkStatus
from voicemate.core.errors import ServiceError, VoicemateError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.checks import login_service, running_daemon
from voicemate.doctor.checks.desktop import DesktopFacts, assess_desktop, bus_path, can_connect, display_path
from voicemate.doctor.checks.running_daemon import SocketFacts, assess_daemon, assess_push_to_talk, assess_socket
from voicemate.doctor.finding import Finding, ReinstallService, RemoveSocket, Severity
from voicemate.doctor.fix import apply_fix
from voicemate.menu.qt.screen import INSTALL, interpret_probe
from voicemate.service import login as service_login
from voicemate.service.interpreter import Interpreter
from voicemate.service.login import ServiceProblem as ServiceFinding
from voicemate.service.login import ServiceStatus as ServiceStatus
from voicemate.service.service_manager import ServiceState

CONTEXT = CheckContext(Settings(), "linux")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a short path, since a socket's path is limited to about a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="vm-", dir="/tmp") as name:
        monkeypatch.setenv("VOICEMATE_HOME", name)
        yield Path(name)


def check_socket() -> Finding:
    (found,) = running_daemon.check_socket(CONTEXT)
    return found


# ---------------------------------------------------------------- the socket


def test_there_is_no_socket_without_a_daemon(home: Path) -> None:
    assert check_socket().message == "None, since no daemon is running"
    with single_instance():
        assert f"process {os.getpid()}" in check_socket().message


def test_a_socket_that_answers_is_ok(home: Path) -> None:
    with bind_socket(socket_path()):
        assert check_socket().message == f"Answers at {socket_path()}"


def test_the_socket_of_a_crashed_daemon_can_be_removed(home: Path) -> None:
    bind_socket(socket_path()).close()
    found = check_socket()
    assert found.severity is Severity.WARNING
    assert "A crashed daemon left" in found.message
    assert found.hint == f"`rm {socket_path()}`"
    assert isinstance(found.fix, RemoveSocket)
    apply_fix(found.fix, print)
    assert not socket_path().exists()
    assert check_socket().severity is Severity.OK


def test_a_socket_that_a_daemon_uses_again_is_not_removed(home: Path) -> None:
    bind_socket(socket_path()).close()
    fix = check_socket().fix
    assert fix
    with bind_socket(socket_path()):
        with pytest.raises(VoicemateError, match="in the meantime"):
            apply_fix(fix, print)
        assert socket_path().exists()


def test_a_file_in_place_of_the_socket(home: Path) -> None:
    (home / "run").mkdir()
    socket_path().write_text("x")
    found = check_socket()
    assert (found.severity, found.fix) == (Severity.PROBLEM, None)
    assert "in the way" in found.message


@pytest.mark.parametrize(
    ("facts", "message", "hint"),
    [
        (SocketFacts(Path("/r/s"), 2, None), "The folder of the control", "sudo rm -r /r"),
        (
            SocketFacts(Path("/r/s"), 1, 2, True),
            "The control socket belongs to another account: /r/s",
            "sudo rm /r/s",
        ),
        (
            SocketFacts(Path("/r/s"), 1, 1, True, connect_error="It does not answer"),
            "It does not answer",
            "voicemate restart",
        ),
    ],
)
def test_a_socket_of_another_account_and_one_that_hangs(facts: SocketFacts, message: str, hint: str) -> None:
    found = assess_socket(facts, uid=1)
    assert found.severity is Severity.PROBLEM
    assert found.message.startswith(message)
    assert hint in found.hint
    assert found.fix is None, "another account's files are not touched"


# ---------------------------------------------------------------- the daemon


def test_a_daemon_without_problems_and_none() -> None:
    assert assess_daemon(None, "0")[0].facts == {"running": False}
    (found,) = assess_daemon(STATUS, "0")
    assert found.severity is Severity.OK
    assert found.message.startswith("listening, process")


@pytest.mark.parametrize(
    "problem",
    [
        Problem(component="settings", message="In settings.toml, line 3, there is no setting", hint="Correct it"),
        Problem(component="history", message="The disk is full", hint="Make room"),
        Problem(component="log", message="The log cannot be written: Read-only file system", hint="Make it yours"),
        Problem(component="menu", message="There is no tray", hint="Install an extension"),
    ],
)
def test_the_daemons_problems_are_problems_of_the_doctor(problem: Problem) -> None:
    (found,) = assess_daemon(STATUS.model_copy(update={"problems": [problem]}), "0")
    assert found.severity is Severity.PROBLEM
    assert found.message == f"{problem.component}: {problem.message}"
    assert found.hint == problem.hint


TAKEN = Problem(
    component="hotkey", message="Another program has the key ctrl+option+space already", hint="Choose another"
)


def test_a_hotkey_in_use_is_reported_once() -> None:
    status = STATUS.model_copy(update={"problems": [TAKEN]})
    assert assess_daemon(status, "0")[0].severity is Severity.OK
    found = assess_push_to_talk(status)
    assert (found.severity, found.message, found.hint) == (Severity.PROBLEM, TAKEN.message, TAKEN.hint)


@pytest.mark.parametrize(
    ("hotkey", "message"),
    [
        (PushToTalkStatus(chord="ctrl+option+space", active=True), "ctrl+option+space is active (hold)"),
        (PushToTalkStatus(), "None is set (`push_to_talk.chord` is empty)"),
        (
            PushToTalkStatus(chord="f9", reason="There is no display. Start one."),
            "f9 is not active. There is no display. Start one",
        ),
    ],
)
def test_a_hotkey_that_is_active_or_not_needed_is_ok(hotkey: PushToTalkStatus, message: str) -> None:
    found = assess_push_to_talk(STATUS.model_copy(update={"push_to_talk": hotkey}))
    assert (found.severity, found.message) == (Severity.OK, message)
    assert running_daemon.check_push_to_talk(CONTEXT) == [], "no daemon listens for it"


def test_an_old_daemon_and_one_without_its_locks() -> None:
    old, off = assess_daemon(STATUS.model_copy(update={"offline": {"audit hook": True, "Landlock": False}}), "2")
    assert old.hint == "`voicemate restart`"
    assert "Landlock" in off.message


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
    observed = ServiceState(loaded=True, state="active", pid=7, last_exit=None)
    return ServiceStatus(**{**parts, "observed": observed, "problems": (), "advice": (), **changes})


class Service:
    def __init__(self, found: ServiceStatus):
        self.installed = found.installed
        self._found = found
        self.reinstalled: list[Any] = []

    def status(self) -> ServiceStatus:
        return self._found

    def install(self, interpreter: Any) -> None:
        self.reinstalled.append(interpreter)


def test_a_service_that_runs_one_that_is_off_and_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for found, severity, message in (
        (status(), Severity.OK, "running (process 7)"),
        (status(at_login=False), Severity.WARNING, "turned off"),
        (status(installed=False), Severity.OK, "Not installed"),
    ):
        monkeypatch.setattr(login_service, "login_service", lambda found=found: Service(found))
        (seen,) = login_service.check_login_service(CONTEXT)
        assert seen.severity is severity
        assert message in seen.message


def test_a_service_whose_environment_has_moved_is_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    service_problem = ServiceFinding(
        "The virtual environment has moved or is gone", "Run `voicemate service install`"
    )
    service = Service(status(problems=(service_problem,)))
    monkeypatch.setattr(login_service, "login_service", lambda: service)
    monkeypatch.setattr(service_login, "login_service", lambda report: service)
    (found,) = login_service.check_login_service(CONTEXT)
    assert found.severity is Severity.PROBLEM
    assert found.hint == service_problem.hint
    assert isinstance(found.fix, ReinstallService)
    assert "installed the service again" in apply_fix(found.fix, print)
    assert service.reinstalled


def test_a_service_with_another_problem_is_not_reinstalled(monkeypatch: pytest.MonkeyPatch) -> None:
    here = status().interpreter
    assert here
    python = Interpreter("/bin/sh", here.version, "", {}, "0")  # a program that is there
    service_problem = ServiceFinding("It ended with exit code 1", "`voicemate service logs`")
    monkeypatch.setattr(
        login_service, "login_service", lambda: Service(status(problems=(service_problem,), interpreter=python))
    )
    assert login_service.check_login_service(CONTEXT)[0].fix is None


def test_root_and_a_missing_systemd_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Service:
        raise ServiceError("The service belongs to your own account, not to root", "Repeat this without sudo")

    monkeypatch.setattr(login_service, "login_service", refuse)
    assert login_service.check_login_service(CONTEXT)[0].severity is Severity.WARNING

    class Unreachable(Service):
        def status(self) -> ServiceStatus:
            raise ServiceError("No systemd runs for this account", "Log in directly")

    monkeypatch.setattr(login_service, "login_service", lambda: Unreachable(status()))
    (found,) = login_service.check_login_service(CONTEXT)
    assert (found.severity, found.hint) == (Severity.PROBLEM, "Log in directly")


# ---------------------------------------------------------------- the desktop


@pytest.mark.parametrize(
    ("facts", "message", "hint"),
    [
        (DesktopFacts("", has_bus=False), "There is no display", "voicemate ptt toggle"),
        (DesktopFacts(":3", display_answers=False), "The display :3 does not answer", "DISPLAY"),
        (DesktopFacts(":0", has_bus=False), "There is no session D-Bus", "dbus-run-session"),
        (DesktopFacts(":0", bus_answers=False), "The session D-Bus does not answer", "dbus-run-session"),
        (
            DesktopFacts(":0", menu_error=interpret_probe(0, "no tray", "")),
            "This desktop has no tray",
            "AppIndicator",
        ),
    ],
)
def test_a_missing_display_d_bus_or_tray_is_a_warning(facts: DesktopFacts, message: str, hint: str) -> None:
    (found,) = assess_desktop(facts)
    assert found.severity is Severity.WARNING, "a conversation works"
    assert found.message.startswith(message)
    assert "everything else works" in found.message
    assert hint in found.hint


def test_a_complete_desktop() -> None:
    (complete,) = assess_desktop(DesktopFacts("wayland-0"))
    assert complete.message == "Display wayland-0 and D-Bus answer; the menu can be shown (`voicemate menu`)"
    (without,) = assess_desktop(DesktopFacts(":0", has_pyside=False))
    assert without.severity is Severity.OK, "the menu is optional"
    assert INSTALL in without.message


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
def test_the_path_of_the_d_bus_socket(address: str, path: str) -> None:
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
def test_the_path_of_the_display_socket(environment: dict[str, str], found: tuple[str, str]) -> None:
    assert display_path(environment) == found


def test_only_a_listening_socket_can_be_connected(home: Path) -> None:
    path = str(home / "bus")
    assert not can_connect(path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        assert not can_connect(path)
        listening.listen()
        assert can_connect(path)
    assert not can_connect("/" + "x" * 200)


def test_a_mac_always_has_a_menu_bar() -> None:
    from voicemate.doctor.checks import desktop

    assert desktop.check_desktop(SimpleNamespace(platform="darwin")) == []  # type: ignore[arg-type]
