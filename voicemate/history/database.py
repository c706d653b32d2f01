"""The history's file: one SQLite database, private, that survives a kill or a power cut at any moment.

It is in WAL mode with ``synchronous=FULL``: a committed phrase is in the operating system's hands when a kill
comes, and on the disk when the power goes (NORMAL would keep the database whole, but a power cut could cost
everything since the last checkpoint). The wait for the disk is on the history's own thread, where nobody notices.

A damaged file is never deleted. Whoever reads is told; whoever writes gets a new file, and the damaged one is
kept beside it under another name.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from voicemate.core.errors import HistoryError
from voicemate.core.paths import data_folder, make_private_folder

BUSY_S = 2.0
"""How long to wait for another program that is writing, in seconds."""

_APPLICATION_ID = 0x766D6174  # "vmat", in SQLite's field for telling a file's kind

_QUICK_CHECK = "PRAGMA quick_check"
_UNCHECKED = "unable to validate"
"""SQLite 3.44.0 to 3.45.0 cannot check a full-text index without writing to it, and says so (tried: 3.45.3 can)."""

_MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE sessions (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            started TEXT NOT NULL,
            ended TEXT,
            persona TEXT NOT NULL,
            models TEXT NOT NULL,
            version TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE turns (
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
        ) STRICT""",
        # Trigrams find words in every script; the default tokenizer takes a Chinese sentence for one word.
        """CREATE VIRTUAL TABLE words USING fts5 (
            said, reply, content = 'turns', content_rowid = 'id', tokenize = 'trigram'
        )""",
        """CREATE TRIGGER turn_added AFTER INSERT ON turns BEGIN
            INSERT INTO words (rowid, said, reply) VALUES (new.id, new.said, new.reply);
        END""",
        """CREATE TRIGGER turn_changed AFTER UPDATE OF said, reply ON turns BEGIN
            INSERT INTO words (words, rowid, said, reply) VALUES ('delete', old.id, old.said, old.reply);
            INSERT INTO words (rowid, said, reply) VALUES (new.id, new.said, new.reply);
        END""",
        """CREATE TRIGGER turn_removed AFTER DELETE ON turns BEGIN
            INSERT INTO words (words, rowid, said, reply) VALUES ('delete', old.id, old.said, old.reply);
        END""",
    ),
    (
        "ALTER TABLE turns RENAME COLUMN hearing_ms TO stt_ms",
        "ALTER TABLE turns RENAME COLUMN thinking_ms TO llm_ms",
        "ALTER TABLE turns RENAME COLUMN speaking_ms TO tts_ms",
        """UPDATE sessions SET models = (
            SELECT json_group_object(
                CASE key WHEN 'hearing' THEN 'stt' WHEN 'thinking' THEN 'llm' WHEN 'speaking' THEN 'tts' ELSE key END,
                value
            ) FROM json_each(sessions.models)
        )""",
    ),
)
"""The statements that lead from each version of the schema (``PRAGMA user_version``) to the next.

A version that has been used is never changed: the history is somebody's memory.
"""


class DamagedError(HistoryError):
    """The history file is no database, not one of ours, or its pages contradict each other."""


def history_file() -> Path:
    return data_folder() / "history.sqlite3"


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write, in autocommit mode; makes the file, or brings it up to date, where needed.

    Raises:
        DamagedError: the file is not a whole history.
        HistoryError: it is locked, cannot be written, or a newer version wrote it.
    """
    with explain_errors(path):
        make_private_folder(path.parent)
        _make_private(path)
        # A check that cannot write comes first: on a damaged file a writer would delete the write-ahead log.
        connect_to_read(path).close()
        with _connected(str(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA fullfsync = ON")  # macOS: past the disk's own cache, too
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            _migrate(connection)
            return connection


def connect_or_replace(path: Path, now: datetime) -> tuple[sqlite3.Connection, Path | None]:
    """The same, but a damaged file is set aside first and a new one begun.

    Args:
        now: goes into the name of the damaged file.

    Returns:
        The connection, and where the damaged file is now; None when it was whole.

    Raises:
        HistoryError: the file is locked, cannot be written, or a newer version wrote it.
    """
    try:
        return connect(path), None
    except DamagedError:
        with explain_errors(path):
            aside = _set_aside(path, now)
        return connect(path), aside


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write; an empty history where there is no file yet.

    Raises:
        DamagedError: the file is not a whole history.
        HistoryError: it is locked, cannot be read, or a newer version wrote it.
    """
    with explain_errors(path):
        if not path.exists() or path.stat().st_size == 0:
            return _empty()
        with _connected(f"{path.absolute().as_uri()}?mode=ro") as connection:
            version = _check(connection, path)
            if version == len(_MIGRATIONS):
                return connection
            with closing(connection):
                # Version 0: the program was killed before it had made a table.
                return _empty() if version == 0 else _migrated_copy(connection)


def damaged_files(path: Path) -> list[Path]:
    """Damaged files that were set aside, with what belongs to them."""
    return sorted(path.parent.glob(f"{path.stem}.damaged-*"))


def database_files(path: Path) -> list[Path]:
    """The files of the database at ``path`` that exist: itself, its write-ahead log and the log's index."""
    return [file for suffix in ("", "-wal", "-shm") if (file := path.with_name(path.name + suffix)).exists()]


@contextmanager
def explain_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system say into a ``HistoryError`` (``DamagedError`` for damage)."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explanation(error, path) from error
    except OSError as error:
        reason = error.strerror or error
        raise HistoryError(f"The history {path} cannot be opened: {reason}", _WRITABLE) from error


_WRITABLE = "Make the file and its folder yours to write, or set `keep = false` under `[history]` in the settings"


def _explanation(error: sqlite3.Error, path: Path) -> HistoryError:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # the low byte is the kind, the rest says more of it
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return HistoryError(f"The history {path} is locked by another program", "Close that program")
        case sqlite3.SQLITE_FULL:
            return HistoryError(f"The disk is full, so the history {path} cannot be written", "Make room on the disk")
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return HistoryError(f"The history {path} cannot be opened: {error}", _WRITABLE)
    return HistoryError(
        f"The history {path} cannot be used: {error}", "See that it is a file on a sound disk with room"
    )


def _damaged(path: Path, how: str = "is damaged") -> DamagedError:
    return DamagedError(
        f"The history {path} {how}",
        "The next conversation sets it aside and begins a new one; `sqlite3 FILE .recover` may read the old one",
    )


@contextmanager
def _connected(target: str) -> Iterator[sqlite3.Connection]:
    """A connection that is closed again when what follows fails."""
    connection = sqlite3.connect(target, timeout=BUSY_S, isolation_level=None, uri=target.startswith("file:"))
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _make_private(path: Path) -> None:
    """Mode 0600 for the file, which SQLite then gives the files it makes beside it.

    An existing file is not opened for that: closing it again would drop the locks that SQLite holds on it
    elsewhere in this process (sqlite.org/howtocorrupt.html, section 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for file in database_files(path):
        file.chmod(0o600)


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """The schema's version, 0 for an empty file."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    kind: int = connection.execute("PRAGMA application_id").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if kind != _APPLICATION_ID and not empty:
        raise _damaged(path, "belongs to another program")
    if version > len(_MIGRATIONS):
        raise HistoryError(f"The history {path} was written by a newer voicemate", "Upgrade this one")
    if any(problem != "ok" and not problem.startswith(_UNCHECKED) for (problem,) in connection.execute(_QUICK_CHECK)):
        raise _damaged(path)
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        for statements in _MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _migrate(connection)
    return connection


def _migrated_copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Copy an older history to memory and migrate the copy, since a reader does not write."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(copy)
    _migrate(copy)
    return copy


def _set_aside(path: Path, now: datetime) -> Path:
    """Rename the database and what belongs to it, so that ``sqlite3`` still finds them together."""
    name = f"{path.stem}.damaged-{now:%Y%m%d-%H%M%S}"
    aside, count = path.with_name(name + path.suffix), 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{name}-{count}{path.suffix}")
    for file in database_files(path):
        file.rename(aside.with_name(aside.name + file.name.removeprefix(path.name)))
    return aside
