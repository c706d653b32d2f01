"""What is forgotten is gone: from the answers, from the index, and from the bytes on the disk."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from voicemate.core.errors import HistoryError
from voicemate.history import HistoryReader, HistoryWriter, database, delete_all, delete_before, delete_session

SECRETS = ("rhubarb crumble", "大黄酥饼")


@pytest.fixture
def diary(path: Path, clock, talk) -> Path:
    """Two conversations; the first holds the secrets, the second does not."""
    for exchanges in (
        (SECRETS, ("more rhubarb crumble", "as you like"), *[("filler", "words")] * 200),
        [("tea", "gladly")],
    ):
        history = HistoryWriter(path, now=clock)
        history.start_session("Juniper", {})
        talk(history, *exchanges)
        history.close()
    return path


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def holds_a_secret(path: Path) -> bool:
    content = bytes_on_disk(path).lower()
    return any(part in content for part in (b"rhubarb", b"crumb", "大黄酥".encode()))


def test_a_forgotten_conversation_is_gone_and_the_others_stay(diary: Path):
    assert holds_a_secret(diary)
    assert delete_session(1, diary) == 202
    with HistoryReader(diary) as reader:
        assert [session.id for session in reader.sessions()] == [2]
        assert reader.search("rhubarb") == []
        assert [turn.said for turn in reader.search("tea")] == ["tea"]
    assert not holds_a_secret(diary)


def test_what_lies_before_a_moment_can_be_forgotten(diary: Path):
    with HistoryReader(diary) as reader:
        second = reader.session(2)
    assert delete_before(second.started, diary) == 202
    assert not holds_a_secret(diary)
    with HistoryReader(diary) as reader:
        assert [turn.said for turn in reader.recent()] == ["tea"]
    assert delete_before(second.started - timedelta(days=1), diary) == 0


@pytest.mark.parametrize("forget", [lambda path: delete_session(2, path), delete_all])
def test_a_running_conversation_can_be_forgotten_and_goes_on(diary: Path, clock, talk, forget: Callable[[Path], int]):
    history = HistoryWriter(diary, now=clock)
    history.start_session("Juniper", {})
    talk(history, SECRETS)
    with HistoryReader(diary) as reader:
        running = reader.sessions()[-1].id
    delete_session(running, diary)
    forget(diary)
    history.update_reply(1, "the rest of a forgotten reply")
    history.finish_turn(1, "the rest of a forgotten reply", interrupted=False)
    talk(history, ("what next?", "whatever you like"), first=2)
    assert history.close()
    with HistoryReader(diary) as reader:
        assert reader.recent()[-1].said == "what next?"
        assert not reader.search("forgotten reply")


def test_forgetting_everything_takes_damaged_files_too(diary: Path, clock):
    content = diary.read_bytes()
    diary.write_bytes(content[:4096] + b"\0" + content[4097:-1])
    connection, aside = database.connect_or_replace(diary, clock())
    connection.close()
    assert aside is not None
    assert holds_a_secret(diary)
    assert delete_all(diary) == 0
    assert not holds_a_secret(diary)
    assert not aside.exists()


def test_forgetting_everything_takes_a_file_that_cannot_be_read(diary: Path):
    diary.write_bytes(b"rhubarb crumble" * 1000)
    assert delete_all(diary) == 0
    assert list(diary.parent.iterdir()) == []


def test_there_is_nothing_to_forget_on_a_fresh_machine(path: Path, clock):
    assert delete_all(path) == 0
    assert delete_before(clock(), path) == 0
    with pytest.raises(HistoryError, match="no conversation 3"):
        delete_session(3, path)
    assert not path.parent.exists()


def test_a_reader_that_keeps_the_old_words_in_the_file_is_named(diary: Path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    with HistoryReader(diary) as reader:
        rows = reader._connection.execute("SELECT said FROM turns")  # a reader in the middle of reading
        rows.fetchone()
        with pytest.raises(HistoryError, match=r"Another program is reading .* forget once more"):
            delete_session(1, diary)
        rows.close()
    assert delete_all(diary) == 1
    assert not holds_a_secret(diary)
