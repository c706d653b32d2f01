"""The Python of a service: its library is found for each distribution, and it is tested."""

import sys
from pathlib import Path

import pytest

from tests.unit.service.fakes import FakeMachine
from voicemate.service.effects import CommandResult, LocalMachine
from voicemate.service.interpreter import Interpreter, find_library, find_problem, stable_path, this_interpreter

HOMEBREW = "/opt/homebrew/opt/python@3.12/Frameworks"
PYTHONS = {
    "Homebrew": (
        {
            "PYTHONFRAMEWORKPREFIX": HOMEBREW,
            "LDLIBRARY": "Python.framework/Versions/3.12/Python",
            "INSTSONAME": "Python.framework/Versions/3.12/Python",
            "LIBDIR": "/opt/homebrew/opt/python@3.12/Frameworks/Python.framework/Versions/3.12/lib",
        },
        "/opt/homebrew/Cellar/python@3.12/3.12.11/Frameworks/Python.framework/Versions/3.12",
        f"{HOMEBREW}/Python.framework/Versions/3.12/Python",
    ),
    "uv, whose variables name its build machine": (
        {"LDLIBRARY": "libpython3.13.dylib", "INSTSONAME": "libpython3.13.dylib", "LIBDIR": "/install/lib"},
        "/Users/x/.local/share/uv/python/cpython-3.13.0-macos-aarch64-none",
        "/Users/x/.local/share/uv/python/cpython-3.13.0-macos-aarch64-none/lib/libpython3.13.dylib",
    ),
    "Debian": (
        {
            "LDLIBRARY": "libpython3.11.so",
            "INSTSONAME": "libpython3.11.so.1.0",
            "LIBDIR": "/usr/lib/x86_64-linux-gnu",
            "PYTHONFRAMEWORKPREFIX": "",
        },
        "/usr",
        "/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0",
    ),
    "pyenv, static": ({"LDLIBRARY": "libpython3.12.a", "LIBDIR": "/p/lib"}, "/p", ""),
}


@pytest.mark.parametrize("kind", PYTHONS)
def test_the_library_is_found(kind: str) -> None:
    variables, prefix, library = PYTHONS[kind]
    there = {library, "/p/lib/libpython3.12.a"}
    assert find_library(variables, prefix, lambda path: path in there) == library


def test_a_path_in_homebrews_cellar_becomes_its_stable_link() -> None:
    cellar = "/opt/homebrew/Cellar/python@3.12/3.12.11/bin/python3.12"
    stable = "/opt/homebrew/opt/python@3.12/bin/python3.12"
    assert stable_path(cellar, lambda path: path == stable) == stable
    assert stable_path(cellar, lambda path: False) == cellar
    assert stable_path("/usr/bin/python3", lambda path: True) == "/usr/bin/python3"


def test_this_python_can_run_the_service() -> None:
    assert find_problem(this_interpreter({}), LocalMachine()) == ""


def test_data_folders_are_passed_to_the_service_as_absolute_paths() -> None:
    kept = this_interpreter({"VOICEMATE_HOME": "~/v", "VOICEMATE_MODELS": "", "PATH": "/bin"}).environment
    assert kept == {"VOICEMATE_HOME": str(Path("~/v").expanduser())}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            CommandResult(134, err="dyld[71]: Library not loaded: @executable_path/../Python\n  Referenced from"),
            "not loaded",
        ),
        (
            CommandResult(1, err="Traceback (most recent call last):\nImportError: no voicemate"),
            "ImportError: no voicemate",
        ),
        (CommandResult(0, "3.13\n"), "is Python 3.13 now and was 3.12"),
        (CommandResult(1), "it ended with 1"),
    ],
)
def test_a_problem_is_one_sentence(answer: CommandResult, sentence: str) -> None:
    machine = FakeMachine({sys.executable: lambda argv: answer})
    wrong = find_problem(Interpreter(sys.executable, "3.12", "", {}, "1"), machine)
    assert sentence in wrong
    assert "\n" not in wrong


def test_the_record_round_trips_and_damage_is_detected() -> None:
    interpreter = this_interpreter({"VOICEMATE_HOME": "/ü"})
    assert Interpreter.from_json(interpreter.to_json()) == interpreter
    for damaged in (b"", b"{}", b"[]", b"\xff", interpreter.to_json()[:40]):
        assert Interpreter.from_json(damaged) is None
