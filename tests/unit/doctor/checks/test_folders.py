"""Folders, disks and the settings file: full, read-only, foreign, open to others, or invalid."""

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from voicemate.config.schema import Settings
from voicemate.core.errors import VoicemateError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.checks import folders, settings
from voicemate.doctor.checks.folders import DiskFacts, FolderFacts
from voicemate.doctor.finding import CreateFolders, RestrictPermissions, Severity
from voicemate.doctor.fix import apply_fix
from voicemate.models.storage import GB, MB

CONTEXT = CheckContext(Settings(), "linux")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    monkeypatch.delenv("VOICEMATE_MODELS", raising=False)
    return tmp_path


# ---------------------------------------------------------------- folders


@pytest.mark.parametrize(
    ("number", "reason", "hint"),
    [
        (errno.EROFS, "read-only file system", "VOICEMATE_HOME"),
        (errno.ENOSPC, "no space left on device", "Free some space"),
        (errno.EDQUOT, "quota exceeded", "Free some space"),
        (errno.EACCES, "permission denied", "`chmod u+rwx /home/me/.local/share`"),
        (errno.EIO, "input/output error", "Set VOICEMATE_HOME"),
    ],
)
def test_a_folder_that_cannot_be_written(number: int, reason: str, hint: str) -> None:
    path, above = Path("/home/me/.local/share/voicemate"), Path("/home/me/.local/share")
    (found,) = folders.assess_folders([FolderFacts("history", path, False, False, number, above)])
    assert found.severity is Severity.PROBLEM
    assert reason in found.message
    assert "no conversation is stored" in found.message
    assert hint in found.hint


def test_a_folder_of_the_system_is_not_to_be_changed() -> None:
    (found,) = folders.assess_folders(
        [FolderFacts("state", Path("/x/y"), False, False, errno.EACCES, Path("/"), False)]
    )
    assert found.hint == "Set VOICEMATE_HOME to a folder that you own"


def test_commands_are_quoted() -> None:
    """On macOS the data folder has a space in its name."""
    path = Path("/Users/me/Library/Application Support/voicemate")
    (found,) = folders.assess_folders([FolderFacts("state", path, True, True, open_to_others=(path,))])
    assert found.hint == "`chmod go= '/Users/me/Library/Application Support/voicemate'`"


def test_a_read_only_home_is_one_finding() -> None:
    home = Path("/home/me")
    (found,) = folders.assess_folders(
        [FolderFacts(name, home / name, True, True, errno.EROFS, home) for name in folders._LOST_WITHOUT]
    )
    assert found.severity is Severity.PROBLEM
    assert all(lost in found.message for lost in folders._LOST_WITHOUT.values())
    assert "and 4 more cannot be written (read-only file system)" in found.message
    assert len(found.facts["folders"]) == 5


def test_a_read_only_models_folder_is_a_warning() -> None:
    (found,) = folders.assess_folders([FolderFacts("models", Path("/m"), True, True, errno.EROFS, Path("/m"))])
    assert found.severity is Severity.WARNING


def test_files_of_another_account_and_a_file_in_place_of_a_folder() -> None:
    path = Path("/d")
    (foreign,) = folders.assess_folders([FolderFacts("state", path, True, True, foreign=(path / "log",))])
    assert foreign.message == "/d/log belongs to another account"
    assert foreign.hint == "`sudo chown -R $(id -un) /d`"
    (file,) = folders.assess_folders([FolderFacts("runtime", path, True, False)])
    assert "voicemate cannot start" in file.message
    assert file.hint == "Move it away: `mv /d /d.old`"


def test_missing_folders_are_ok_and_can_be_created(home: Path) -> None:
    (found,) = folders.check_folders(CONTEXT)
    assert found.severity is Severity.OK
    assert isinstance(found.fix, CreateFolders)
    apply_fix(found.fix, print)
    assert stat.S_IMODE((home / "state").stat().st_mode) == 0o700
    (again,) = folders.check_folders(CONTEXT)
    assert again.message.startswith("All exist")


def test_files_open_to_others_are_found_and_made_private(home: Path) -> None:
    for name in ("data", "state", "run", "config"):
        (home / name).mkdir(mode=0o700)
    (home / "state").chmod(0o755)
    (home / "data" / "history.sqlite3").touch(mode=0o644)
    (home / "config" / "settings.toml").touch(mode=0o644)
    found = folders.check_folders(CONTEXT)
    assert [one.message for one in found] == [
        f"{home}/data/history.sqlite3 is not private",
        f"{home}/state is not private",
    ]
    assert found[1].hint == f"`chmod go= {home}/state`"
    for one in found:
        assert isinstance(one.fix, RestrictPermissions)
        apply_fix(one.fix, print)
    assert stat.S_IMODE((home / "data" / "history.sqlite3").stat().st_mode) == 0o600
    assert [one.severity for one in folders.check_folders(CONTEXT)] == [Severity.OK]


def test_a_full_disk_is_found_by_writing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    found = folders.check_folders(CONTEXT)
    assert {one.hint for one in found} == {"Free some space on that disk"}
    assert list(home.iterdir()) == [], "the check leaves no file"


def test_a_fix_reports_a_disk_error(home: Path) -> None:
    (home / "state").write_text("a file")
    with pytest.raises(VoicemateError, match="Cannot write"):
        apply_fix(CreateFolders((home / "state" / "log",)), print)


# ---------------------------------------------------------------- disks


@pytest.mark.parametrize(
    ("free", "files", "severity"),
    [
        (80 * GB, None, Severity.OK),
        (80 * GB, 1_000_000, Severity.OK),
        (300 * MB, None, Severity.WARNING),
        (1 * MB, None, Severity.PROBLEM),
        (0, 0, Severity.PROBLEM),
        (80 * GB, 3, Severity.PROBLEM),
    ],
)
def test_free_space_on_a_disk(free: int, files: int | None, severity: Severity) -> None:
    (found,) = folders.assess_disks([DiskFacts(("models", "history"), Path("/d"), free, files)])
    assert found.severity is severity
    assert "models, history" in found.message
    assert ("du -h /d" in found.hint) == (severity is not Severity.OK)
    assert found.facts["free"] == free


def test_the_disks_of_this_machine_are_found(home: Path) -> None:
    found = folders.check_disks(CONTEXT)
    assert all(one.facts["free"] >= 0 for one in found)
    told = " ".join(one.message for one in found)
    assert all(use in told for use in ("models", "history", "log", "settings"))
    assert len(found) <= 2, f"{home} and {tempfile.gettempdir()}"


# ---------------------------------------------------------------- settings and personas


def write(home: Path, text: str) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "settings.toml").write_text(text)


def test_valid_settings_are_counted(home: Path) -> None:
    assert "No settings file" in settings.check_settings(CONTEXT)[0].message
    write(home, 'persona = "ambrose"\n[audio]\ninput = "x"\n')
    (found,) = settings.check_settings(CONTEXT)
    assert found.facts["keys"] == ["audio.input", "persona"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[turns]\nsilence = 300\n", "line 2, there is no setting `turns.silence`"),
        ("\n[turns]\nsilence_ms = -1\n", "line 3, the setting `turns.silence_ms` cannot be -1"),
        ("persona = [\n", "is not TOML"),
    ],
)
def test_invalid_settings_are_reported_with_the_line(home: Path, text: str, message: str) -> None:
    write(home, text)
    (found,) = settings.check_settings(CONTEXT)
    assert found.severity is Severity.PROBLEM
    assert message in found.message
    assert found.hint.endswith("`voicemate config edit`")


def test_the_persona_and_the_broken_ones(home: Path) -> None:
    assert settings.check_persona(CONTEXT)[0].message == "Juniper (shipped)"
    (home / "config" / "personas").mkdir(parents=True)
    (home / "config" / "personas" / "pip.toml").write_text("name = 1\n")
    fine, broken = settings.check_persona(CONTEXT)
    assert (fine.severity, broken.severity) == (Severity.OK, Severity.WARNING)
    assert "pip.toml" in broken.message
    (missing, *_) = settings.check_persona(CheckContext(Settings(persona="nobody"), "linux"))
    assert missing.severity is Severity.PROBLEM
