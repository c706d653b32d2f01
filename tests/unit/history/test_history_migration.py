"""A history that an earlier version wrote is read, and goes on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from voicemate.history.deletion import delete_session
from voicemate.history.reader import HistoryReader
from voicemate.history.writer import HistoryWriter
from voicemate.metrics.timing import Timing

SCHEMA_1 = """
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        started TEXT NOT NULL,
        ended TEXT,
        persona TEXT NOT NULL,
        models TEXT NOT NULL,
        version TEXT NOT NULL
    ) STRICT;
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES sessions (id),
        number INTEGER NOT NULL,
        asked TEXT NOT NULL,
        ended TEXT,
        said TEXT NOT NULL,
        language TEXT NOT NULL,
        reply TEXT NOT NULL DEFAULT '',
        interrupted INTEGER NOT NULL DEFAULT 0,
        gap_ms REAL, endpoint_ms REAL, hearing_ms REAL, thinking_ms REAL, speaking_ms REAL, ready INTEGER,
        UNIQUE (session, number)
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (
        said, reply, content = 'turns', content_rowid = 'id', tokenize = 'trigram'
    );
    CREATE TRIGGER turn_added AFTER INSERT ON turns BEGIN
        INSERT INTO words (rowid, said, reply) VALUES (new.id, new.said, new.reply);
    END;
    CREATE TRIGGER turn_changed AFTER UPDATE OF said, reply ON turns BEGIN
        INSERT INTO words (words, rowid, said, reply) VALUES ('delete', old.id, old.said, old.reply);
        INSERT INTO words (rowid, said, reply) VALUES (new.id, new.said, new.reply);
    END;
    CREATE TRIGGER turn_removed AFTER DELETE ON turns BEGIN
        INSERT INTO words (words, rowid, said, reply) VALUES ('delete', old.id, old.said, old.reply);
    END;
    PRAGMA application_id = 0x766D6174;
    PRAGMA user_version = 1;
"""
"""As the version before wrote it, word by word."""

TALK = """
    INSERT INTO sessions (key, started, ended, persona, models, version) VALUES
        ('a', '2026-05-01T12:00:00.000+00:00', '2026-05-01T12:09:00.000+00:00', 'Juniper',
         '{"hearing": "whisper-base", "thinking": "smollm2-135m", "speaking": "pyttsx3"}', '0.9'),
        ('b', '2026-05-02T12:00:00.000+00:00', NULL, '小兰', '{"hearing": "whisper-base"}', '0.9');
    INSERT INTO turns (session, number, asked, ended, said, language, reply, interrupted,
        gap_ms, endpoint_ms, hearing_ms, thinking_ms, speaking_ms, ready) VALUES
        (1, 1, '2026-05-01T12:01:00.000+00:00', '2026-05-01T12:02:00.000+00:00', 'What is the time?', 'en',
         'It is late', 1, 612.5, 480, 210, 150, 40, 1),
        (2, 1, '2026-05-02T12:01:00.000+00:00', NULL, '今天天气怎么样？', 'zh', '', 0,
         NULL, NULL, NULL, NULL, NULL, NULL);
"""


@pytest.fixture
def old(path: Path) -> Path:
    """A history of the first schema with a conversation in it."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA_1)
        connection.executescript(TALK)
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def check_content(path: Path) -> None:
    with HistoryReader(path) as reader:
        first, second = reader.sessions()
        (turn,) = reader.turns(first.id)
        (chinese,) = reader.search("天气怎么")
        (english,) = reader.search("late")
    assert first.models == {"stt": "whisper-base", "llm": "smollm2-135m", "tts": "pyttsx3"}
    assert second.models == {"stt": "whisper-base"}
    assert (turn.said, turn.reply, turn.interrupted) == ("What is the time?", "It is late", True)
    assert turn.timing == Timing(gap_ms=612.5, endpoint_ms=480, stt_ms=210, llm_ms=150, tts_ms=40, ready=True)
    assert (chinese.session, chinese.timing) == (second.id, None)
    assert english.session == first.id


def test_a_history_of_the_first_schema_is_read_without_being_written(old: Path):
    check_content(old)
    assert version(old) == 1


def test_the_next_conversation_migrates_the_history_and_keeps_all_of_it(old: Path):
    history = HistoryWriter(old)
    history.start_session("Juniper", {"stt": "whisper-base"})
    history.start_turn(1, "Are you there?", "en")
    history.finish_turn(1, "Yes.", interrupted=False)
    assert history.close()
    assert version(old) == 2
    with HistoryReader(old) as reader:
        assert [turn.said for turn in reader.recent()] == ["What is the time?", "今天天气怎么样？", "Are you there?"]
        *_, third = reader.sessions()
        assert third.models == {"stt": "whisper-base"}
    assert delete_session(3, old) == 1
    check_content(old)


def test_deleting_from_an_old_history_migrates_it_first(old: Path):
    assert delete_session(2, old) == 1
    assert version(old) == 2
    with HistoryReader(old) as reader:
        (session,) = reader.sessions()
    assert session.models["llm"] == "smollm2-135m"
