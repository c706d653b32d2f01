"""The systemd unit: systemd accepts it, with any path."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.core.errors import ServiceError
from voicemate.service.interpreter import Interpreter
from voicemate.service.systemd import unit

UNIT = Path("/home/someone/.config/systemd/user/voicemate.service")
NASTY = "a %h $HOME ${HOME} ü; = -c #"
NASTIER = f"{NASTY} \"b\" 'c' \\ \t"


def an_interpreter(python: str, place: str = "/place") -> Interpreter:
    return Interpreter(python, "3.12", "", {"VOICEMATE_HOME": place}, "1.0")


def verified(text: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze on a unit."""
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
def test_systemd_rejects_a_missing_python(tmp_path: Path) -> None:
    checked = verified(unit.render(an_interpreter("/nowhere/python")), tmp_path)
    assert checked.returncode != 0
    assert "/nowhere/python is not executable" in checked.stderr


@pytest.mark.parametrize("letter", ['"', "'", "\\", "\n"])
def test_a_path_that_systemd_cannot_run_is_refused(letter: str) -> None:
    with pytest.raises(ServiceError, match="Rename that folder"):
        unit.render(an_interpreter(f"/a{letter}b/python"))


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_a_quoted_word_has_no_line_break_specifier_or_variable(word: str) -> None:
    quoted = unit.quoted(word, "$")
    inside = quoted[1:-1].replace("\\\\", "").replace("%%", "").replace("$$", "")
    assert "\n" not in quoted
    assert "%" not in inside
    assert "$" not in inside
    assert '"' not in inside.replace('\\"', "")


def test_the_unit_is_in_systemds_folder() -> None:
    home = Path("/home/someone")
    assert unit.definition_path(home, {}) == UNIT
    assert unit.definition_path(home, {"XDG_CONFIG_HOME": "/c"}) == Path("/c/systemd/user/voicemate.service")
    assert unit.definition_path(home, {"XDG_CONFIG_HOME": "not/absolute"}) == UNIT
