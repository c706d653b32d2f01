"""The systemd unit: accepted by systemd itself, with any path in it, and its codes are the program's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.service.fakes import FakeMachine, FakeSystemd
from voicemate.core.errors import ServiceError
from voicemate.service.effects import File, run_procedure
from voicemate.service.interpreter import Interpreter
from voicemate.service.systemd import unit
from voicemate.service.systemd.systemctl import Systemctl, parse_show

UNIT = Path("/home/someone/.config/systemd/user/voicemate.service")
NASTY = "a %h $HOME ${HOME} ü; = -c #"
NASTIER = f"{NASTY} \"b\" 'c' \\ \t"


def an_interpreter(python: str, place: str = "/place") -> Interpreter:
    return Interpreter(python, "3.12", "", {"VOICEMATE_HOME": place}, "1.0")


def loaded(**behaviour: object) -> tuple[FakeMachine, FakeSystemd]:
    machine = FakeMachine()
    machine.write(File(UNIT, b"[Service]\n"))
    return machine, FakeSystemd(machine, UNIT, **behaviour)  # type: ignore[arg-type]


def verified(text: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says of a unit."""
    file = folder / "voicemate.service"
    file.write_bytes(text)
    command = ("systemd-analyze", "verify", "--user", "--man=no", str(file))
    environment = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("name", ["plain", NASTY])
def test_systemd_accepts_the_unit_without_a_warning(name: str, tmp_path: Path) -> None:
    python = tmp_path / name / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    checked = verified(unit.render(an_interpreter(str(python), f"/place/{NASTIER}")), tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_a_python_that_is_not_there_would_have_been_found(tmp_path: Path) -> None:
    checked = verified(unit.render(an_interpreter("/nowhere/python")), tmp_path)
    assert checked.returncode != 0
    assert "/nowhere/python is not executable" in checked.stderr


@pytest.mark.parametrize("letter", ['"', "'", "\\", "\n"])
def test_a_path_that_systemd_runs_nothing_from_is_refused(letter: str) -> None:
    with pytest.raises(ServiceError, match="Rename that folder"):
        unit.render(an_interpreter(f"/a{letter}b/python"))


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_quoted_word_stays_on_its_line_and_holds_no_specifier_and_no_variable(word: str) -> None:
    quoted = unit.quoted(word, "$")
    inside = quoted[1:-1].replace("\\\\", "").replace("%%", "").replace("$$", "")
    assert "\n" not in quoted
    assert "%" not in inside
    assert "$" not in inside
    assert '"' not in inside.replace('\\"', "")


def test_the_unit_goes_where_systemd_looks() -> None:
    home = Path("/home/someone")
    assert unit.definition_path(home, {}) == UNIT
    assert unit.definition_path(home, {"XDG_CONFIG_HOME": "/c"}) == Path("/c/systemd/user/voicemate.service")
    assert unit.definition_path(home, {"XDG_CONFIG_HOME": "not/absolute"}) == UNIT


def test_a_service_that_ends_at_once_is_seen_with_its_code() -> None:
    machine, _ = loaded(ends_with=3)
    seen = run_procedure(Systemctl().load(), machine)
    assert (seen.pid, seen.last_exit, seen.state) == (None, 3, "failed/failed")


def test_starting_clears_the_failures_that_would_keep_systemd_from_starting_it() -> None:
    machine, systemd = loaded(ends_with=1)
    for procedure in (Systemctl().load, Systemctl().start, Systemctl().restart):
        run_procedure(procedure(), machine)
    systemd.ends_with = None
    assert run_procedure(Systemctl().start(), machine).pid
    assert systemd.enabled


@pytest.mark.parametrize("procedure", ["observe", "load", "unload", "start", "stop", "restart"])
def test_without_a_user_manager_the_way_out_is_told(procedure: str) -> None:
    machine, _ = loaded(bus=False)
    with pytest.raises(ServiceError, match="voicemate run"):
        run_procedure(getattr(Systemctl(), procedure)(), machine)


def test_without_systemd_it_is_the_same() -> None:
    with pytest.raises(ServiceError, match="No systemd runs for this account"):
        run_procedure(Systemctl().observe(), FakeMachine())


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_show_is_read_whatever_it_says(text: str) -> None:
    parse_show(text)
