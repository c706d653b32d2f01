"""Effects on the real disk and real processes."""

import os
import sys
from pathlib import Path

import pytest

from voicemate.core.errors import ServiceError
from voicemate.service.effects import NOT_FOUND, TIMED_OUT, File, LocalMachine, RunCommand

MACHINE = LocalMachine()


def test_a_file_is_written_with_its_mode_and_folders(tmp_path: Path) -> None:
    file = File(tmp_path / "a" / "b" / "c", b"first", 0o640)
    MACHINE.write(file)
    assert MACHINE.read(file.path) == file
    MACHINE.write(File(tmp_path / "private" / "d", b"", 0o600))
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    MACHINE.write(File(file.path, b"second", 0o600))
    assert MACHINE.read(file.path) == File(file.path, b"second", 0o600)
    assert os.listdir(file.path.parent) == ["c"]


def test_a_failed_write_keeps_the_old_file_and_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        MACHINE.write(File(tmp_path / "folder", b"in its way"))
    assert os.listdir(tmp_path) == ["folder"]


def test_removing_the_last_file_of_a_bundle_removes_only_the_bundle(tmp_path: Path) -> None:
    files = [
        tmp_path / "Applications" / "Voicemate.app" / "Contents" / name for name in ("Info.plist", "MacOS/Voicemate")
    ]
    for path in files:
        MACHINE.write(File(path, b""))
        MACHINE.remove(path)
        MACHINE.remove(path)
    assert list((tmp_path / "Applications").iterdir()) == []
    assert MACHINE.read(files[0]) is None


def test_every_command_has_a_result() -> None:
    code = "import sys; print('out'); sys.stderr.buffer.write(b'\\nwrong \\xff\\n'); sys.exit(7)"
    answer = MACHINE.run(RunCommand((sys.executable, "-c", code)))
    assert (answer.code, answer.out) == (7, "out\n")
    assert answer.first_line.startswith("wrong")
    assert MACHINE.run(RunCommand(("/nowhere/launchctl",))).code == NOT_FOUND
    assert MACHINE.run(RunCommand(("sleep", "60"), timeout_s=0.01)).code == TIMED_OUT


def test_the_lock_is_exclusive(tmp_path: Path) -> None:
    lock = tmp_path / "state" / "service.lock"
    with (
        MACHINE.exclusive_lock(lock),
        pytest.raises(ServiceError, match="another process"),
        MACHINE.exclusive_lock(lock),
    ):
        pass
    with MACHINE.exclusive_lock(lock):
        assert lock.exists()
