"""System packages, Python and its packages."""

import sys
import venv
from pathlib import Path

import pytest

from voicemate.doctor.checks import packages
from voicemate.doctor.checks.packages import ImportFacts, PythonFacts, assess_packages, assess_python, script_python
from voicemate.doctor.checks.system_libraries import LinuxFacts, MacFacts, assess_linux, assess_macos
from voicemate.doctor.finding import Severity

COMPLETE = LinuxFacts(portaudio=True, espeak=True, sound_server=True, plugin=True, installer="apt-get")


def test_a_complete_system_is_ok() -> None:
    assert [one.severity for one in assess_linux(COMPLETE)] == [Severity.OK]
    assert [
        one.severity for one in assess_macos(MacFacts("arm64", False, "/Library/Developer/CommandLineTools"))
    ] == [Severity.OK]


@pytest.mark.parametrize(
    ("installer", "hints"),
    [
        ("apt-get", ["`sudo apt install libportaudio2`", "`sudo apt install espeak-ng`"]),
        ("pacman", ["`sudo pacman -S portaudio`", "`sudo pacman -S espeak-ng`"]),
        (
            "",
            [
                "Install PortAudio with the system's package manager",
                "Install espeak-ng with the system's package manager",
            ],
        ),
    ],
)
def test_a_missing_library_has_the_install_command_of_this_system(installer: str, hints: list[str]) -> None:
    found = assess_linux(LinuxFacts(False, False, False, False, installer))
    assert [one.severity for one in found] == [Severity.PROBLEM, Severity.PROBLEM]
    assert [one.hint for one in found] == hints


def test_the_alsa_plugin_is_needed_only_with_a_sound_server() -> None:
    (found,) = assess_linux(LinuxFacts(True, True, sound_server=True, plugin=False, installer="apt-get"))
    assert "libasound2-plugins" in found.hint
    assert assess_linux(LinuxFacts(True, True, sound_server=False, plugin=False))[0].severity is Severity.OK


def test_a_mac_with_the_wrong_python_and_without_tools() -> None:
    wrong, tools = assess_macos(MacFacts("x86_64", True, ""))
    assert (wrong.severity, tools.severity) == (Severity.PROBLEM, Severity.WARNING)
    assert "arm64" in wrong.hint
    assert tools.hint == "`xcode-select --install`"


THIS = PythonFacts("3.12.4", "/v", True, "/v/bin/voicemate", "/v/bin/python")


def test_the_python_version_and_its_folder_are_reported() -> None:
    (found,) = assess_python(THIS)
    assert found.severity is Severity.OK
    assert "3.12.4 in /v" in found.message


def test_a_command_whose_environment_has_moved() -> None:
    (found,) = assess_python(
        PythonFacts("3.12.4", "/v", True, "/u/bin/voicemate", "/old/bin/python", interpreter_exists=False)
    )
    assert found.severity is Severity.PROBLEM
    assert "/old/bin/python, which does not exist" in found.message
    assert "make talk" in found.hint


def test_a_command_of_another_installation_and_none_at_all() -> None:
    other = PythonFacts("3.12.4", "/v", True, "/w/bin/voicemate", "/w/bin/python", is_own=False)
    assert "another installation" in assess_python(other)[0].message
    (none,) = assess_python(PythonFacts("3.12.4", "/v", True))
    assert none.severity is Severity.WARNING
    assert none.hint == "`export PATH=/v/bin:$PATH`"


@pytest.mark.parametrize(
    ("script", "python"),
    [
        (b"#!/v/bin/python3\nimport sys\n", "/v/bin/python3"),
        (b"#!/bin/sh\n'''exec' /v/bin/python3 \"$0\" \"$@\"\n' '''\n", "/v/bin/python3"),
        (b"#!/bin/sh\n'''exec' \"/a b/bin/python3\" \"$0\" \"$@\"\n' '''\n", "/a b/bin/python3"),
        (b"#!/bin/sh\nexec something else\n", ""),
        (b"\x7fELF\x02\xff\xfe", ""),
        (b"", ""),
    ],
)
def test_the_interpreter_of_a_console_script(script: bytes, python: str) -> None:
    assert script_python(script) == python


def test_a_moved_environment_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "venv", symlinks=True, with_pip=False)
    script = tmp_path / "venv" / "bin" / "voicemate"
    script.write_text(f"#!{tmp_path / 'venv'}/bin/python\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent))
    assert "another installation" in assess_python(packages._gather_python_facts())[0].message
    moved = tmp_path / "moved"
    (tmp_path / "venv").rename(moved)
    monkeypatch.setenv("PATH", str(moved / "bin"))
    assert "its environment has moved" in assess_python(packages._gather_python_facts())[0].message


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            ImportFacts("llama_cpp", -4),
            "llama_cpp crashes when it is loaded (SIGILL: it was built for another processor)",
        ),
        (ImportFacts("onnxruntime", -11), "onnxruntime crashes when it is loaded (SIGSEGV)"),
        (ImportFacts("soxr", 1, "ImportError: no"), "soxr cannot be loaded (ImportError: no)"),
        (ImportFacts("pywhispercpp.model", None), "pywhispercpp does not finish loading"),
        (ImportFacts("", 1, ""), "Python cannot be loaded (exit code 1)"),
    ],
)
def test_the_package_that_cannot_be_loaded_is_named(facts: ImportFacts, message: str) -> None:
    (found,) = assess_packages(facts)
    assert (found.severity, found.message) == (Severity.PROBLEM, message)


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashes when it is loaded (SIGSEGV)"),
        ("raise ImportError('built for another Python')", "cannot be loaded (ImportError: built for another Python)"),
        ("x = 1", None),
    ],
)
def test_packages_are_imported_in_another_process(
    package: str, message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine.py").write_text(package)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(packages, "ENGINES", ("json", "engine"))
    (found,) = assess_packages(packages._try_imports())
    assert "engine" not in sys.modules
    if message:
        assert found.message == f"engine {message}"
    else:
        assert found.severity is Severity.OK
