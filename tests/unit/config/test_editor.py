"""The settings file: documented, changed key by key, and never left broken."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from voicemate.config.editor import (
    documented_toml,
    find_setting,
    keys_in_file,
    set_setting,
    setting_keys,
    to_toml,
    unset_setting,
    value_of,
    write,
)
from voicemate.config.loader import load
from voicemate.config.schema import Settings
from voicemate.core.errors import SettingsError

MINE = """# my own words
persona = "mei" # she

[turns]
# quick
silence_ms = 300
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path / "config" / "settings.toml"


@pytest.fixture
def mine(file: Path) -> Path:
    file.parent.mkdir()
    file.write_text(MINE)
    return file


def uncommented(text: str) -> str:
    """The documented file with every default taken out of its comment."""
    names = {key.name.rpartition(".")[2] for key in setting_keys()}
    return "\n".join(
        line[2:] if line.startswith("# ") and line[2:].split(" = ")[0] in names else line
        for line in text.splitlines()
    )


def test_the_documented_file_changes_nothing(file: Path):
    write(documented_toml(), file)
    assert load() == Settings()


def test_the_documented_file_holds_every_default_ready_to_be_changed():
    assert Settings.model_validate(tomllib.loads(uncommented(documented_toml()))) == Settings()


@pytest.mark.parametrize("key", setting_keys(), ids=lambda key: key.name)
def test_every_key_is_explained_in_it(key: Any):
    lines = documented_toml().splitlines()
    last = key.name.rpartition(".")[2]
    assert f"# {last} = {to_toml(key.default)}" in lines
    assert " ".join(key.description.split()[:4]) in documented_toml()


def test_ones_own_values_stay_in_a_documented_file(mine: Path):
    settings = load()
    text = documented_toml(settings)
    assert 'persona = "mei"' in text.splitlines()
    assert "silence_ms = 300" in text.splitlines()
    assert "default 480" in text
    write(text, mine)
    assert load() == settings


def test_a_new_file_and_its_folder_are_private(file: Path):
    set_setting("persona", "mei")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_setting_a_key_keeps_every_other_word_of_the_file(mine: Path):
    assert set_setting("turns.silence_ms", "350") == 350
    assert mine.read_text() == MINE.replace("300", "350")
    set_setting("stt.model", "whisper-tiny.en")
    assert mine.read_text().startswith(MINE.replace("300", "350").rstrip())
    assert load().stt.model == "whisper-tiny.en"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("persona", "mei", "mei"),
        ("persona", '"mei"', "mei"),
        ("persona", "12", "12"),
        ("persona", "true", "true"),
        ("audio.input", "", ""),
        ("audio.input", 'the "good" one', 'the "good" one'),
        ("history.keep", "false", False),
        ("turns.silence_ms", "1_000", 1000),
        ("vad.threshold", "0.6", 0.6),
        ("tts.timeout_s", "5", 5),
    ],
)
def test_a_value_is_written_as_a_person_types_it(file: Path, name: str, text: str, value: Any):
    assert set_setting(name, text) == value
    assert value_of(load(), name) == value


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("turns.silence_ms", "-1", "at least 0 and at most 60000"),
        ("turns.silence_ms", "soon", "a whole number"),
        ("vad.threshold", "2", "at most 0.95"),
        ("history.keep", "yes", "true or false"),
        ("tts.engine", "siri", "`pyttsx3`"),
        ("stt.modle", "x", "Did you mean `stt.model`"),
        ("silence_ms", "5", "Did you mean `turns.silence_ms`"),
        ("stt", "x", "Did you mean `stt.model`"),
        ("zzz", "x", "voicemate config show"),
    ],
)
def test_what_is_not_allowed_is_refused_and_the_file_stays(mine: Path, name: str, text: str, sentence: str):
    with pytest.raises(SettingsError) as refused:
        set_setting(name, text)
    assert sentence in str(refused.value)
    assert mine.read_text() == MINE


def test_a_wrong_file_is_mended_key_by_key(mine: Path):
    mine.write_text('[turns]\nsilence_ms = "soon"\nsilense_ms = 5\n')
    with pytest.raises(SettingsError, match="line 2"):
        load()
    assert unset_setting("turns.silense_ms")
    assert set_setting("turns.silence_ms", "300") == 300
    assert load().turns.silence_ms == 300


def test_a_table_in_the_place_of_a_value_and_the_other_way_round(mine: Path):
    mine.write_text("turns = 3\n")
    with pytest.raises(SettingsError, match="line 1"):
        set_setting("turns.silence_ms", "300")
    assert unset_setting("turns")
    mine.write_text("[persona]\n")
    assert set_setting("persona", "mei") == "mei"
    assert load().persona == "mei"


def test_what_is_unset_has_its_default_again(mine: Path):
    assert unset_setting("turns.silence_ms")
    assert load().turns == Settings().turns
    assert not unset_setting("turns.silence_ms")
    assert "# my own words" in mine.read_text()
    with pytest.raises(SettingsError, match="Did you mean"):
        unset_setting("turns.silence")


def test_which_keys_a_file_sets(mine: Path):
    assert keys_in_file() == {"persona", "turns.silence_ms"}


def test_a_file_that_is_no_toml_is_left_alone(mine: Path):
    mine.write_text("persona = ")
    with pytest.raises(SettingsError, match="config edit"):
        set_setting("persona", "mei")
    assert mine.read_text() == "persona = "


def test_a_link_to_the_file_stays_a_link(mine: Path, tmp_path: Path):
    dotfile = tmp_path / "dotfile.toml"
    mine.rename(dotfile)
    mine.symlink_to(dotfile)
    set_setting("turns.silence_ms", "350")
    assert mine.is_symlink()
    assert "350" in dotfile.read_text()


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(mine: Path, monkeypatch: pytest.MonkeyPatch, failing: str):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(SettingsError, match="cannot be written: No space left on device"):
        set_setting("turns.silence_ms", "350")
    assert mine.read_text() == MINE
    assert list(mine.parent.iterdir()) == [mine]


def test_a_name_that_is_nearly_right_is_suggested():
    with pytest.raises(SettingsError, match=r"Did you mean `turns\.patience`"):
        find_setting("turns.patence")
