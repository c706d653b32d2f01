"""Folders, disks, the settings file: what is full, read-only, foreign, open to others or wrong."""

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from voicemate.config import Settings
from voicemate.doctor import disk, folders, settings
from voicemate.doctor.check import Ground
from voicemate.doctor.disk import DiskFacts
from voicemate.doctor.finding import Level, MakeFolders, MakePrivate
from voicemate.doctor.folders import FolderFacts
from voicemate.doctor.mending import carry_out
from voicemate.errors import VoicemateError
from voicemate.models.sizes import GB, MB

GROUND = Ground(Settings(), "linux")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    monkeypatch.delenv("VOICEMATE_MODELS", raising=False)
    return tmp_path


# ---------------------------------------------------------------- folders


@pytest.mark.parametrize(
    ("number", "reason", "way_out"),
    [
        (errno.EROFS, "read-only file system", "VOICEMATE_HOME"),
        (errno.ENOSPC, "no space left on device", "Make room"),
        (errno.EDQUOT, "quota exceeded", "Make room"),
        (errno.EACCES, "permission denied", "`chmod u+rwx /home/me/.local/share`"),
        (errno.EIO, "input/output error", "Set VOICEMATE_HOME"),
    ],
)
def test_a_folder_that_takes_no_file(number: int, reason: str, way_out: str) -> None:
    path, above = Path("/home/me/.local/share/voicemate"), Path("/home/me/.local/share")
    (found,) = folders.judge([FolderFacts("history", path, False, False, number, above)])
    assert found.level is Level.PROBLEM
    assert reason in found.told
    assert "nothing that is said is kept" in found.told
    assert way_out in found.fix


def test_a_folder_of_the_system_s_is_not_to_be_changed() -> None:
    (found,) = folders.judge([FolderFacts("state", Path("/x/y"), False, False, errno.EACCES, Path("/"), False)])
    assert found.fix == "Set VOICEMATE_HOME to a folder of yours"


def test_commands_can_be_typed_as_they_stand() -> None:
    """A Mac keeps everything in a folder with a space in its name."""
    path = Path("/Users/me/Library/Application Support/voicemate")
    (found,) = folders.judge([FolderFacts("state", path, True, True, open_to_others=(path,))])
    assert found.fix == "`chmod go= '/Users/me/Library/Application Support/voicemate'`"


def test_a_home_that_is_read_only_is_told_once_with_all_that_it_costs() -> None:
    home = Path("/home/me")
    (found,) = folders.judge(
        [FolderFacts(name, home / name, True, True, errno.EROFS, home) for name in folders._LOST]
    )
    assert found.level is Level.PROBLEM
    assert all(lost in found.told for lost in folders._LOST.values())
    assert "and 4 more cannot be written (read-only file system)" in found.told
    assert len(found.facts["folders"]) == 5


def test_models_that_are_there_need_no_writing() -> None:
    (found,) = folders.judge([FolderFacts("models", Path("/m"), True, True, errno.EROFS, Path("/m"))])
    assert found.level is Level.WARNING


def test_another_account_s_files_and_a_file_in_the_way() -> None:
    path = Path("/d")
    (foreign,) = folders.judge([FolderFacts("state", path, True, True, foreign=(path / "log",))])
    assert foreign.told == "/d/log belongs to another account"
    assert foreign.fix == "`sudo chown -R $(id -un) /d`"
    (file,) = folders.judge([FolderFacts("runtime", path, True, False)])
    assert "voicemate cannot be started" in file.told
    assert file.fix == "Move it away: `mv /d /d.old`"


def test_a_new_machine_is_well_and_its_folders_can_be_made(home: Path) -> None:
    (found,) = folders.look(GROUND)
    assert found.level is Level.OK
    assert isinstance(found.mend, MakeFolders)
    carry_out(found.mend, print)
    assert stat.S_IMODE((home / "state").stat().st_mode) == 0o700
    (again,) = folders.look(GROUND)
    assert again.told.startswith("All are there")


def test_what_others_could_read_is_found_and_made_private(home: Path) -> None:
    for name in ("data", "state", "run", "config"):
        (home / name).mkdir(mode=0o700)
    (home / "state").chmod(0o755)
    (home / "data" / "history.sqlite3").touch(mode=0o644)
    (home / "config" / "settings.toml").touch(mode=0o644)
    found = folders.look(GROUND)
    assert [one.told for one in found] == [
        f"{home}/data/history.sqlite3 is not private",
        f"{home}/state is not private",
    ]
    assert found[1].fix == f"`chmod go= {home}/state`"
    for one in found:
        assert isinstance(one.mend, MakePrivate)
        carry_out(one.mend, print)
    assert stat.S_IMODE((home / "data" / "history.sqlite3").stat().st_mode) == 0o600
    assert [one.level for one in folders.look(GROUND)] == [Level.OK]


def test_a_disk_that_is_full_shows_in_what_it_answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    found = folders.look(GROUND)
    assert {one.fix for one in found} == {"Make room on that disk"}
    assert list(home.iterdir()) == [], "looking leaves nothing behind"


def test_a_mend_that_the_disk_refuses_is_told(home: Path) -> None:
    (home / "state").write_text("a file")
    with pytest.raises(VoicemateError, match="The disk refused"):
        carry_out(MakeFolders((home / "state" / "log",)), print)


# ---------------------------------------------------------------- disks


@pytest.mark.parametrize(
    ("free", "files", "level"),
    [
        (80 * GB, None, Level.OK),
        (80 * GB, 1_000_000, Level.OK),
        (300 * MB, None, Level.WARNING),
        (1 * MB, None, Level.PROBLEM),
        (0, 0, Level.PROBLEM),
        (80 * GB, 3, Level.PROBLEM),
    ],
)
def test_room_on_a_disk(free: int, files: int | None, level: Level) -> None:
    (found,) = disk.judge([DiskFacts(("models", "history"), Path("/d"), free, files)])
    assert found.level is level
    assert "models, history" in found.told
    assert ("du -h /d" in found.fix) == (level is not Level.OK)
    assert found.facts["free"] == free


def test_the_disks_of_this_machine_are_found(home: Path) -> None:
    found = disk.look(GROUND)
    assert all(one.facts["free"] >= 0 for one in found)
    told = " ".join(one.told for one in found)
    assert all(use in told for use in ("models", "history", "log", "settings"))
    assert len(found) <= 2, f"{home} and {tempfile.gettempdir()}"


# ---------------------------------------------------------------- settings and personas


def write(home: Path, text: str) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "settings.toml").write_text(text)


def test_settings_that_are_well_are_counted(home: Path) -> None:
    assert "No settings file" in settings.look(GROUND)[0].told
    write(home, 'persona = "ambrose"\n[audio]\ninput = "x"\n')
    (found,) = settings.look(GROUND)
    assert found.facts["keys"] == ["audio.input", "persona"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[endpoint]\nsilence = 300\n", "line 2, there is no setting `endpoint.silence`"),
        ("\n[endpoint]\nsilence_ms = -1\n", "line 3, the setting `endpoint.silence_ms` cannot be -1"),
        ("persona = [\n", "is not TOML"),
    ],
)
def test_settings_with_a_mistake_are_told_with_the_line(home: Path, text: str, told: str) -> None:
    write(home, text)
    (found,) = settings.look(GROUND)
    assert found.level is Level.PROBLEM
    assert told in found.told
    assert found.fix.endswith("`voicemate config edit`")


def test_the_character_and_the_broken_ones(home: Path) -> None:
    assert settings.look_at_persona(GROUND)[0].told == "Juniper (shipped)"
    (home / "config" / "personas").mkdir(parents=True)
    (home / "config" / "personas" / "pip.toml").write_text("name = 1\n")
    fine, broken = settings.look_at_persona(GROUND)
    assert (fine.level, broken.level) == (Level.OK, Level.WARNING)
    assert "pip.toml" in broken.told
    (missing, *_) = settings.look_at_persona(Ground(Settings(persona="nobody"), "linux"))
    assert missing.level is Level.PROBLEM
