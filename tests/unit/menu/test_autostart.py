"""The entry that starts the menu at login."""

import configparser
import plistlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.core.errors import MenuError
from voicemate.menu.autostart import entry, entry_path, remove_entry, write_entry

HOME = Path("/home/someone")


def read_exec(text: str) -> list[str]:
    """``Exec`` as the Desktop Entry Specification 1.5 reads it: the escapes of a string, then quotes, then ``%%``."""
    value = next(line for line in text.split("\n") if line.startswith("Exec=")).removeprefix("Exec=")
    value = re.sub(r"\\(.)", lambda found: {"s": " ", "n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), value)
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in words]


def test_the_path_on_linux() -> None:
    assert entry_path("linux", HOME, {}) == HOME / ".config/autostart/voicemate-menu.desktop"
    assert entry_path("linux", HOME, {"XDG_CONFIG_HOME": "/c"}) == Path("/c/autostart/voicemate-menu.desktop")
    assert entry_path("linux", HOME, {"XDG_CONFIG_HOME": "not/absolute"}).is_relative_to(HOME)


def test_the_entry_runs_the_menu_with_its_environment() -> None:
    text = entry("linux", ("/venv/bin/python", "-m", "voicemate", "menu"), {"VOICEMATE_HOME": "/a b"}).decode()
    read = configparser.RawConfigParser()
    read.read_string(text)
    assert read["Desktop Entry"]["Type"] == "Application"
    assert read_exec(text) == ["env", "VOICEMATE_HOME=/a b", "/venv/bin/python", "-m", "voicemate", "menu"]


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1))
def test_any_command_is_quoted_correctly(words: list[str]) -> None:
    assert read_exec(entry("linux", words, {}).decode()) == words


def test_the_agent_on_macos_is_not_restarted() -> None:
    agent = plistlib.loads(entry("darwin", ("/A/Voicemate", "menu"), {}))
    assert entry_path("darwin", HOME, {}).name == f"{agent['Label']}.plist"
    assert (agent["ProgramArguments"], agent["RunAtLoad"]) == (["/A/Voicemate", "menu"], True)
    assert "KeepAlive" not in agent, "it stays closed after the user quits it"
    assert agent["LimitLoadToSessionType"] == "Aqua"


def test_it_can_be_written_and_removed_repeatedly(tmp_path: Path) -> None:
    path = tmp_path / "autostart" / "x.desktop"
    for text in (b"one", b"two"):
        write_entry(path, text)
        assert path.read_bytes() == text
    assert list(path.parent.iterdir()) == [path], "no temporary file is left"
    for _ in range(2):
        remove_entry(path)
        assert not path.exists()


def test_a_folder_that_cannot_be_written_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "autostart").write_text("a file where a folder belongs")
    with pytest.raises(MenuError, match="autostart"):
        write_entry(tmp_path / "autostart" / "x.desktop", b"")
