"""System packages, Python and its packages."""

import sys
import venv
from pathlib import Path

import pytest

from voicemate.doctor import installation
from voicemate.doctor.finding import Level
from voicemate.doctor.installation import ImportFacts, PythonFacts, judge_packages, judge_python, script_python
from voicemate.doctor.system import LinuxFacts, MacFacts, judge_linux, judge_mac

WELL = LinuxFacts(portaudio=True, espeak=True, sound_server=True, plugin=True, installer="apt-get")


def test_a_machine_with_everything_is_well() -> None:
    assert [one.level for one in judge_linux(WELL)] == [Level.OK]
    assert [one.level for one in judge_mac(MacFacts("arm64", False, "/Library/Developer/CommandLineTools"))] == [
        Level.OK
    ]


@pytest.mark.parametrize(
    ("installer", "fixes"),
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
def test_a_missing_library_comes_with_the_command_of_this_system(installer: str, fixes: list[str]) -> None:
    found = judge_linux(LinuxFacts(False, False, False, False, installer))
    assert [one.level for one in found] == [Level.PROBLEM, Level.PROBLEM]
    assert [one.fix for one in found] == fixes


def test_the_way_to_a_sound_server_is_missed_only_where_there_is_one() -> None:
    (found,) = judge_linux(LinuxFacts(True, True, sound_server=True, plugin=False, installer="apt-get"))
    assert "libasound2-plugins" in found.fix
    assert judge_linux(LinuxFacts(True, True, sound_server=False, plugin=False))[0].level is Level.OK


def test_a_mac_with_the_wrong_python_and_without_tools() -> None:
    wrong, tools = judge_mac(MacFacts("x86_64", True, ""))
    assert (wrong.level, tools.level) == (Level.PROBLEM, Level.WARNING)
    assert "arm64" in wrong.fix
    assert tools.fix == "`xcode-select --install`"


HERE = PythonFacts("3.12.4", "/v", True, "/v/bin/voicemate", "/v/bin/python")


def test_python_and_where_it_is_are_told() -> None:
    (found,) = judge_python(HERE)
    assert found.level is Level.OK
    assert "3.12.4 in /v" in found.told


def test_a_command_whose_environment_has_moved() -> None:
    (found,) = judge_python(
        PythonFacts("3.12.4", "/v", True, "/u/bin/voicemate", "/old/bin/python", runs_exists=False)
    )
    assert found.level is Level.PROBLEM
    assert "/old/bin/python, which is not there any more" in found.told
    assert "make talk" in found.fix


def test_a_command_of_another_installation_and_none_at_all() -> None:
    other = PythonFacts("3.12.4", "/v", True, "/w/bin/voicemate", "/w/bin/python", own=False)
    assert "another installation" in judge_python(other)[0].told
    (none,) = judge_python(PythonFacts("3.12.4", "/v", True))
    assert none.level is Level.WARNING
    assert none.fix == "`export PATH=/v/bin:$PATH`"


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
def test_whom_a_console_script_runs(script: bytes, python: str) -> None:
    assert script_python(script) == python


def test_a_moved_environment_is_seen_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "venv", symlinks=True, with_pip=False)
    script = tmp_path / "venv" / "bin" / "voicemate"
    script.write_text(f"#!{tmp_path / 'venv'}/bin/python\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent))
    assert "another installation" in judge_python(installation._python())[0].told
    moved = tmp_path / "moved"
    (tmp_path / "venv").rename(moved)
    monkeypatch.setenv("PATH", str(moved / "bin"))
    assert "its environment has moved" in judge_python(installation._python())[0].told


@pytest.mark.parametrize(
    ("facts", "told"),
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
def test_the_package_that_cannot_be_loaded_is_named(facts: ImportFacts, told: str) -> None:
    (found,) = judge_packages(facts)
    assert (found.level, found.told) == (Level.PROBLEM, told)


@pytest.mark.parametrize(
    ("package", "told"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashes when it is loaded (SIGSEGV)"),
        ("raise ImportError('built for another Python')", "cannot be loaded (ImportError: built for another Python)"),
        ("x = 1", None),
    ],
)
def test_packages_are_tried_in_another_process(
    package: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine.py").write_text(package)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(installation, "ENGINES", ("json", "engine"))
    (found,) = judge_packages(installation._imports())
    assert "engine" not in sys.modules
    if told:
        assert found.told == f"engine {told}"
    else:
        assert found.level is Level.OK
