"""Takes words out of the history for good.

Deleted rows linger in a database: in free pages, in the index and in the write-ahead log. So the index is built
again, the file is written anew without them, and the log is emptied. Beyond that lies what no program reaches:
the disk's own spare blocks, snapshots and backups.
"""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from voicemate.core.errors import HistoryError
from voicemate.history.database import (
    DamagedError,
    connect,
    damaged_files,
    database_files,
    explain_errors,
    history_file,
)
from voicemate.history.reader import unknown_session_error
from voicemate.history.records import to_timestamp


def delete_session(session: int, path: Path | None = None) -> int:
    """Forget one conversation; returns how many turns it had, the greeting counted.

    Raises:
        HistoryError: there is none with that id; or the file cannot be written, or is damaged.
    """
    forgotten = _delete(path or history_file(), "session = :session", session=session)
    if not forgotten:
        raise unknown_session_error(session)
    return forgotten


def delete_before(moment: datetime, path: Path | None = None) -> int:
    """Forget every turn that was begun before ``moment``; returns how many.

    Raises:
        HistoryError: the file cannot be written, or is damaged.
    """
    return _delete(path or history_file(), "asked < :moment", moment=to_timestamp(moment))


def delete_all(path: Path | None = None) -> int:
    """Forget all there is, damaged files too; returns how many turns could still be counted.

    Raises:
        HistoryError: the file cannot be written.
    """
    path = path or history_file()
    with explain_errors(path):
        damaged = damaged_files(path)
        try:
            return _delete(path, "true")
        except DamagedError:
            damaged += database_files(path)
            return 0
        finally:
            for file in damaged:
                file.unlink()


def _delete(path: Path, where: str, **values: Any) -> int:
    if not path.exists():
        return 0
    with explain_errors(path), closing(connect(path)) as connection:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            forgotten = connection.execute(f"DELETE FROM turns WHERE {where}", values).rowcount
            connection.execute("DELETE FROM sessions WHERE id NOT IN (SELECT session FROM turns)")
            connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
        connection.execute("VACUUM")
        busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise HistoryError(
                f"Another program is reading the history {path}, so traces of what was forgotten are left in it",
                "Close that program and forget once more",
            )
        return forgotten
