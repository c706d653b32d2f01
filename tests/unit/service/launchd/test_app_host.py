"""Voicemate.app and its agent: what must never change, and what macOS requires."""

import hashlib
import plistlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.service.fakes import FakeLaunchd, FakeMac, FakeMachine
from voicemate.core.errors import ServiceError
from voicemate.core.paths import shipped_path
from voicemate.service.effects import CommandResult
from voicemate.service.interpreter import Interpreter
from voicemate.service.launchd import agent
from voicemate.service.launchd.app_host import AppHost
from voicemate.service.launchd.microphone_permission import MicrophonePermission

HOME = Path("/Users/someone")
INTERPRETER = Interpreter("/v/bin/python", "3.12", "/lib/libpython3.12.dylib", {"VOICEMATE_HOME": "/a b"}, "1.0")


def a_mac() -> tuple[FakeMachine, FakeMac]:
    machine = FakeMachine()
    return machine, FakeMac(machine, FakeLaunchd(machine), HOME)


@pytest.mark.parametrize(
    ("file", "digest"),
    [
        ("host.c", "0c20a8925b48f257f418a834b69009d4a7133d872a5b59d6c456001d05e84af2"),
        ("Info.plist", "35472231dd7f519c069e5018b2d988c1f7dd95970b53665a46982fde682c5518"),
    ],
)
def test_the_source_of_the_bundle_is_that_of_the_first_release(file: str, digest: str) -> None:
    """A change here revokes the microphone of everyone who upgrades; announce it in the release notes."""
    assert hashlib.sha256((shipped_path("launchd") / file).read_bytes()).hexdigest() == digest


def test_the_bundle_has_what_macos_requires_for_the_microphone() -> None:
    info = plistlib.loads((shipped_path("launchd") / "Info.plist").read_bytes())
    assert info["CFBundleExecutable"] == AppHost(HOME).executable.name
    assert info["CFBundlePackageType"] == "APPL"
    assert info["LSUIElement"] is True
    assert "never leaves" in info["NSMicrophoneUsageDescription"]


def test_the_agent_runs_the_executable_and_restarts_after_failures_only() -> None:
    definition = plistlib.loads(agent.render(AppHost(HOME).executable, Path("/L & <M>/launchd.log")))
    info = plistlib.loads((shipped_path("launchd") / "Info.plist").read_bytes())
    assert definition["ProgramArguments"] == [str(AppHost(HOME).executable), "run"]
    assert definition["StandardErrorPath"] == definition["StandardOutPath"] == "/L & <M>/launchd.log"
    assert definition["KeepAlive"] == {"SuccessfulExit": False}
    assert definition["ProcessType"] == "Interactive"
    assert definition["Umask"] == 0o077
    assert definition["AssociatedBundleIdentifiers"] == [info["CFBundleIdentifier"]]
    assert agent.definition_path(HOME).stem == definition["Label"]
    assert "@" not in str(definition)


def test_it_is_built_if_missing_damaged_or_outdated_and_then_kept() -> None:
    machine, _ = a_mac()
    host = AppHost(HOME)
    assert host.reason_to_build(machine) == "it is not there yet"
    files = host.build(machine)
    for file in files:
        machine.write(file)
    assert host.reason_to_build(machine) == ""
    assert machine.files[host.executable].mode == 0o755
    machine.write(replace(machine.files[host.executable], data=b"else"))
    assert host.reason_to_build(machine) == "it is not as it was built"
    machine.remove(host.executable)
    assert host.reason_to_build(machine) == "parts of it are missing"
    for file in files:
        machine.write(file)
    machine.write(replace(machine.files[host.record], data=b"{"))
    assert host.reason_to_build(machine) == "it is not as it was built"


@pytest.mark.parametrize(
    ("tool", "answer", "sentence"),
    [
        (
            "xcode-select",
            CommandResult(2, err="error: unable to get active developer directory"),
            "xcode-select --install",
        ),
        ("/usr/bin/clang", CommandResult(1, err="host.c:1: error: no"), "host.c:1: error: no"),
        ("/usr/bin/codesign", CommandResult(1, err="errSecInternalComponent"), "errSecInternalComponent"),
    ],
)
def test_a_missing_or_failing_tool_is_named(tool: str, answer: CommandResult, sentence: str) -> None:
    machine, _ = a_mac()
    machine.programs[tool] = lambda argv: answer
    with pytest.raises(ServiceError) as failed:
        AppHost(HOME).build(machine)
    assert sentence in str(failed.value)


def test_a_python_without_a_shared_library_is_refused_with_a_hint() -> None:
    with pytest.raises(ServiceError, match="Homebrew"):
        AppHost(HOME).render_conf(replace(INTERPRETER, library=""))


def test_a_path_with_a_line_break_is_refused() -> None:
    with pytest.raises(ServiceError, match="line break"):
        AppHost(HOME).render_conf(replace(INTERPRETER, python="/a\nargument=-c/python"))


@pytest.mark.parametrize(
    ("answer", "given"),
    [
        ("GRANTED", MicrophonePermission.GRANTED),
        ("DENIED", MicrophonePermission.DENIED),
        ("", MicrophonePermission.UNKNOWN),
    ],
)
def test_the_app_itself_asks_for_the_microphone(answer: str, given: MicrophonePermission) -> None:
    machine, mac = a_mac()
    mac.answers = answer
    assert AppHost(HOME).ask_for_microphone(machine) is given
    assert machine.calls[-1][:5] == ("open", "-W", "-n", "-a", str(AppHost(HOME).app))


def test_no_answer_is_no_permission() -> None:
    machine, _ = a_mac()
    machine.programs["open"] = lambda argv: CommandResult(124)
    assert AppHost(HOME).ask_for_microphone(machine) is MicrophonePermission.UNKNOWN
