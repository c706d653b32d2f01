"""A history file that cannot be used: what a reader is told, and how the conversation goes on."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from voicemate.core.errors import HistoryError
from voicemate.history import DamagedError, HistoryReader, HistoryWriter, database, writer


def garbage(path: Path) -> None:
    path.write_bytes(b"this is a diary, not a database\n" * 500)


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def scribbled_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:8192] = os.urandom(4096)
    path.write_bytes(content)


def other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name)")


DAMAGES = pytest.mark.parametrize("damage", [garbage, half, scribbled_page, other_program])


@pytest.fixture
def written(path: Path, clock, talk) -> Path:
    """A history with a conversation in it, which nobody has open."""
    history = HistoryWriter(path, now=clock)
    history.start_session("Juniper", {})
    talk(history, ("hello", "hi"))
    assert history.close()
    return path


@DAMAGES
def test_a_damaged_history_is_reported_to_a_reader_and_left_as_it_is(written: Path, damage):
    damage(written)
    content = written.read_bytes()
    with pytest.raises(
        DamagedError, match=r"history\.sqlite3 (is damaged|belongs to another program)\. The next conv"
    ):
        HistoryReader(written)
    assert written.read_bytes() == content


@DAMAGES
def test_a_conversation_sets_a_damaged_history_aside_and_goes_on(written: Path, damage, clock, faults, talk):
    damage(written)
    content = written.read_bytes()
    history = HistoryWriter(written, faults.fault, faults.recovered, clock)
    history.start_session("Juniper", {})
    assert history.flush()
    (told,) = faults.told
    aside = database.damaged_files(written)[0]
    assert str(aside) in told
    assert aside.read_bytes() == content
    assert aside.stat().st_mode & 0o777 == 0o600

    talk(history, ("new words", "yes"))
    assert history.close()
    assert faults.told == [told, "recovered"]
    with HistoryReader(written) as reader:
        assert [turn.said for turn in reader.recent()] == ["new words"]


def test_the_unfinished_log_of_a_damaged_history_goes_with_it(written: Path, clock):
    garbage(written)
    log = written.with_name(written.name + "-wal")
    log.write_bytes(b"what was not yet in the main file")
    connection, aside = database.connect_or_replace(written, clock())
    connection.close()
    assert aside is not None
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"what was not yet in the main file"


def test_two_damaged_histories_of_the_same_second_are_both_kept(path: Path, clock):
    path.parent.mkdir()
    now = clock()
    for _ in range(2):
        garbage(path)
        connection, _ = database.connect_or_replace(path, now)
        connection.close()
    kept = [file for file in database.damaged_files(path) if file.suffix == path.suffix]
    assert len(kept) == 2


def test_an_empty_file_is_an_empty_history(path: Path):
    path.parent.mkdir()
    path.touch()
    with HistoryReader(path) as reader:
        assert reader.sessions() == []


def test_a_history_of_a_newer_version_is_left_alone(written: Path, clock, faults):
    with closing(sqlite3.connect(written)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(HistoryError, match=r"newer voicemate\. Upgrade"):
        HistoryReader(written)
    history = HistoryWriter(written, faults.fault, faults.recovered, clock)
    history.start_session("Juniper", {})
    history.start_turn(1, "hello", "en")
    assert not history.close()
    assert len(faults.told) == 1
    assert database.damaged_files(written) == []


def test_a_locked_history_is_written_once_the_lock_is_gone(written: Path, clock, faults, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    history = HistoryWriter(written, faults.fault, faults.recovered, clock)
    history.start_session("Juniper", {})
    assert history.flush()
    with closing(sqlite3.connect(written, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        history.close()  # an exclusive lock is granted when nobody else has the file open
        other.execute("BEGIN EXCLUSIVE")
        history = HistoryWriter(written, faults.fault, faults.recovered, clock)
        history.start_session("Juniper", {})
        for turn in (1, 2):
            history.start_turn(turn, f"while it was locked {turn}", "en")
            assert not history.flush()
        with pytest.raises(HistoryError, match=r"locked by another program\. Close"):
            HistoryReader(written)
        assert len(faults.told) == 1
        assert "locked by another program" in faults.told[0]
    history.finish_turn(2, "now it is free", interrupted=False)
    assert history.close()
    assert faults.told[1:] == ["recovered"]
    with HistoryReader(written) as reader:
        assert [turn.said for turn in reader.recent()][1:] == ["while it was locked 1", "while it was locked 2"]


def test_a_full_disk_is_told_once_and_nothing_is_lost_when_there_is_room_again(
    path: Path, clock, faults, talk, monkeypatch
):
    full = True

    def connect_or_renew(path, now):
        connection, aside = database.connect_or_replace(path, now)
        if full:
            connection.execute("PRAGMA max_page_count = 1")  # SQLite takes it for a full disk
        return connection, aside

    monkeypatch.setattr(writer, "connect_or_replace", connect_or_renew)
    history = HistoryWriter(path, faults.fault, faults.recovered, clock)
    history.start_session("Juniper", {})
    long = "a long story, " * 1000
    for turn in (1, 2, 3):
        history.start_turn(turn, long, "en")
        assert not history.flush()
    assert len(faults.told) == 1
    assert "The disk is full" in faults.told[0]
    full = False
    talk(history, ("short", "yes"), first=4)
    assert history.close()
    assert faults.told[1:] == ["recovered"]
    with HistoryReader(path) as reader:
        assert [turn.said for turn in reader.recent()] == [long, long, long, "short"]


REAL_LIMIT = """
import resource, sys
from pathlib import Path
from voicemate.history import HistoryReader, HistoryWriter

path = Path(sys.argv[1])
faults = []
history = HistoryWriter(path, lambda wrong, remedy: faults.append(wrong), lambda: faults.append("recovered"))
history.start_session("Juniper", {})
history.start_turn(1, "before", "en")
assert history.flush()
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size, limit[1]))
history.start_turn(2, "during " * 4000, "en")
assert not history.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
assert history.close()
assert len(faults) == 2 and faults[1] == "recovered", faults
with HistoryReader(path) as reader:
    assert [turn.said[:6] for turn in reader.recent()] == ["before", "during"]
"""


def test_a_file_that_may_not_grow_costs_nothing_that_was_written(path: Path):
    subprocess.run([sys.executable, "-c", REAL_LIMIT, str(path)], check=True, timeout=60)


def folder_in_its_place(path: Path) -> None:
    path.mkdir(parents=True)


def file_in_its_folders_place(path: Path) -> None:
    path.parent.touch()


@pytest.mark.parametrize(
    ("obstacle", "remedy"),
    [(folder_in_its_place, "See that it is a file"), (file_in_its_folders_place, "set `keep = false`")],
)
def test_a_history_that_cannot_be_opened_does_not_stop_the_conversation(path: Path, faults, clock, obstacle, remedy):
    obstacle(path)
    history = HistoryWriter(path, faults.fault, faults.recovered, clock)
    history.start_session("Juniper", {})
    history.start_turn(1, "hello", "en")
    assert not history.close()
    assert len(faults.told) == 1
    assert remedy in faults.told[0]


def test_a_history_that_somebody_deletes_while_it_is_written_begins_anew(history: HistoryWriter, path: Path, talk):
    talk(history, ("first", "one"))
    for file in database.database_files(path):
        file.unlink()
    talk(history, ("second", "two"), first=2)
    with HistoryReader(path) as reader:
        assert [turn.said for turn in reader.recent()] == ["second"]


def test_only_the_account_itself_can_read_the_history(path: Path, clock, talk):
    before = os.umask(0)
    try:
        path.parent.mkdir(mode=0o755)
        path.touch(mode=0o644)
        history = HistoryWriter(path, now=clock)
        history.start_session("Juniper", {})
        talk(history, ("a secret", "safe with me"))
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        assert modes == {name: 0o600 for name in ("history.sqlite3", "history.sqlite3-wal", "history.sqlite3-shm")}
        assert path.parent.stat().st_mode & 0o777 == 0o700
        history.close()
    finally:
        os.umask(before)


def test_a_history_whose_maker_was_killed_at_once_is_empty(path: Path):
    path.parent.mkdir()
    script = f"import os, sqlite3; c = sqlite3.connect({str(path)!r}, isolation_level=None); \
c.execute('PRAGMA journal_mode=WAL'); os.kill(os.getpid(), {int(signal.SIGKILL)})"
    subprocess.run([sys.executable, "-c", script], check=False, timeout=60)
    with HistoryReader(path) as reader:
        assert reader.sessions() == []
