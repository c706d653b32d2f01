"""The log: private, bounded, without words, and harmless when it fails."""

import logging
import stat
import threading
from pathlib import Path

import pytest

from voicemate.core.events import Fault, MicrophoneLevel, Transcribed
from voicemate.daemon import log as daemon_log
from voicemate.daemon.log import EventLog, follow, logging_to, tail

SECRET = "the code is 1234"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log" / "voicemate.log"


def written(path: Path, *events: object, words: bool = False) -> str:
    with logging_to(path, lambda wrong, remedy: None, to_stderr=False):
        for event in events:
            EventLog(words).on_event(event)  # type: ignore[arg-type]
    return path.read_text()


def test_events_are_logged_to_a_private_file(path: Path):
    text = written(path, Fault(1, "microphone", "It is gone", "Connect it"))
    assert "WARNING Fault component='microphone' message='It is gone'" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_words_are_logged_only_on_request(path: Path):
    heard = Transcribed(1, 1, SECRET, "en", final=True)
    assert SECRET not in written(path, heard)
    assert SECRET in written(path, heard, words=True)


def test_levels_are_not_logged(path: Path):
    assert written(path, MicrophoneLevel(1, -30.0, 0.5)) == ""


def test_the_log_rotates(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(daemon_log, "MAX_BYTES", 2_000)
    with logging_to(path, lambda wrong, remedy: None, to_stderr=False):
        for number in range(200):
            logging.getLogger("voicemate.test").info("line %d of many", number)
    files = sorted(file.name for file in path.parent.iterdir())
    assert files == ["voicemate.log", "voicemate.log.1", "voicemate.log.2", "voicemate.log.3"]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in path.parent.iterdir())
    assert all(file.stat().st_size <= 2_000 for file in path.parent.iterdir())
    last = tail(path, 60)
    assert len(last) == 60
    assert last[-1].endswith("line 199 of many")
    assert last[0].endswith("line 140 of many")


def test_an_unwritable_log_is_reported_and_has_no_other_effect(path: Path, capfd: pytest.CaptureFixture[str]):
    path.parent.write_text("a file where the folder belongs")
    told: list[str] = []
    with logging_to(path, lambda wrong, remedy: told.append(wrong), to_stderr=False):
        logging.getLogger("voicemate.test").info("small")
        logging.getLogger("voicemate.test").warning("grave")
    assert len(told) == 1
    assert "cannot be written" in told[0]
    shown = capfd.readouterr().err
    assert "grave" in shown
    assert "small" not in shown


def test_a_full_disk_is_reported_once_and_costs_lines_only(path: Path, capfd: pytest.CaptureFixture[str]):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    path.parent.mkdir()
    path.symlink_to("/dev/full")
    told: list[str] = []
    with logging_to(path, lambda wrong, remedy: told.append(wrong), to_stderr=False):
        for _ in range(5):
            logging.getLogger("voicemate.test").info("a line")
    assert len(told) == 1
    assert "No space left" in told[0]
    assert capfd.readouterr().err == ""


def test_tail_of_a_missing_log_is_empty(path: Path):
    assert tail(path, 10) == []


def test_following_continues_after_a_rotation(path: Path):
    path.parent.mkdir()
    path.write_text("old\n")
    lines = follow(path, poll_s=0.01)
    got: list[str] = []
    begun = threading.Event()

    def read() -> None:
        begun.set()
        for line in lines:
            got.append(line)
            if line == "three\n":
                return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    begun.wait()
    while not got:  # the follower may not have looked yet, and then it begins later
        with path.open("a") as file:
            file.write("one\n")
        thread.join(0.05)
    with path.open("a") as file:
        file.write("tw")
    with path.open("a") as file:
        file.write("o\n")
    while "two\n" not in got:
        thread.join(0.02)
    path.rename(path.with_name("voicemate.log.1"))
    path.write_text("three\n")
    thread.join(10)
    assert got[-1] == "three\n"
    assert "old\n" not in got
