"""Reads and searches the history."""

import json
import re
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from voicemate.core.errors import HistoryError
from voicemate.history.database import connect_to_read, explain_errors, history_file
from voicemate.history.records import StoredSession, StoredTurn, normalize_text
from voicemate.metrics.timing import Timing

_SESSIONS = """
    SELECT sessions.*,
        (SELECT count(*) FROM turns WHERE session = sessions.id AND number > 0) AS turns,
        (SELECT said FROM turns WHERE session = sessions.id AND number > 0 ORDER BY number LIMIT 1) AS first_words
    FROM sessions"""
_TURNS = "SELECT turns.*, sessions.persona FROM turns JOIN sessions ON sessions.id = turns.session"
_TRIGRAM = 3
"""The index knows nothing shorter than this many characters."""


class HistoryReader:
    """A read-only view of the history; it may be open while a conversation is writing. Used by one thread.

    Every method may raise ``HistoryError`` when the file is locked or turns out to be damaged.

    Args:
        path: the file; the person's own when left out. A missing one is an empty history.

    Raises:
        DamagedError: the file is not a whole history.
        HistoryError: it is locked, cannot be read, or a newer version wrote it.
    """

    def __init__(self, path: Path | None = None):
        self._path = path or history_file()
        self._connection = connect_to_read(self._path)
        self._connection.row_factory = sqlite3.Row
        self._connection.create_function("folded", 1, str.casefold, deterministic=True)

    def __enter__(self) -> "HistoryReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def sessions(self, limit: int = 20) -> list[StoredSession]:
        """The latest conversations, oldest first."""
        rows = self._rows(f"{_SESSIONS} ORDER BY sessions.id DESC LIMIT :limit", limit=limit)
        return [_session(row) for row in reversed(rows)]

    def session(self, session: int) -> StoredSession:
        """One conversation.

        Raises:
            HistoryError: there is none with that id.
        """
        rows = self._rows(f"{_SESSIONS} WHERE sessions.id = :session", session=session)
        if not rows:
            raise unknown_session_error(session)
        return _session(rows[0])

    def turns(self, session: int) -> list[StoredTurn]:
        """All turns of a conversation, in order.

        Raises:
            HistoryError: there is none with that id.
        """
        self.session(session)
        return self._turns(f"{_TURNS} WHERE session = :session ORDER BY number", session=session)

    def recent(self, limit: int = 50) -> list[StoredTurn]:
        """The latest turns of all conversations, oldest first."""
        return self._turns(f"{_TURNS} ORDER BY turns.id DESC LIMIT :limit", limit=limit)[::-1]

    def search(self, query: str, limit: int = 50) -> list[StoredTurn]:
        """The latest turns that contain all of the query's terms, said or replied, oldest first.

        A term is found anywhere, also inside words, whatever the case; "words in quotes" are one term. Nothing is
        found for a query without terms.
        """
        terms = search_terms(query)
        if not terms:
            return []
        indexed = [term for term in terms if len(term) >= _TRIGRAM]
        short = [term for term in terms if len(term) < _TRIGRAM]
        conditions = [f"instr(folded(said || char(10) || reply), :term{place}) > 0" for place, _ in enumerate(short)]
        values: dict[str, Any] = {f"term{place}": term.casefold() for place, term in enumerate(short)}
        if indexed:
            conditions.append("turns.id IN (SELECT rowid FROM words WHERE words MATCH :match)")
            values["match"] = " AND ".join(f'"{term}"' for term in indexed)
        where = " AND ".join(conditions)
        found = self._turns(f"{_TURNS} WHERE {where} ORDER BY turns.id DESC LIMIT :limit", limit=limit, **values)
        return found[::-1]

    def recent_exchanges(self, persona: str, limit: int) -> list[StoredTurn]:
        """The latest turns with ``persona`` in which both said something, oldest first: what there is to remember."""
        where = "WHERE persona = :persona AND said != '' AND reply != ''"
        return self._turns(f"{_TURNS} {where} ORDER BY turns.id DESC LIMIT :limit", persona=persona, limit=limit)[
            ::-1
        ]

    def _turns(self, sql: str, **values: Any) -> list[StoredTurn]:
        return [_turn(row) for row in self._rows(sql, **values)]

    def _rows(self, sql: str, **values: Any) -> list[sqlite3.Row]:
        with explain_errors(self._path):
            return self._connection.execute(sql, values).fetchall()


def search_terms(query: str) -> list[str]:
    """What ``search`` looks for in a query: its words, and its "parts in quotes" as they are."""
    found = re.findall(r'"([^"]+)"|([^\s"]+)', normalize_text(query))
    return [quoted or word for quoted, word in found]


def unknown_session_error(session: int) -> HistoryError:
    return HistoryError(
        f"There is no conversation {session} in the history", "Run `voicemate history` to see which there are"
    )


def _session(row: sqlite3.Row) -> StoredSession:
    return StoredSession(
        id=row["id"],
        started=datetime.fromisoformat(row["started"]),
        ended=_moment(row["ended"]),
        persona=row["persona"],
        models=json.loads(row["models"]),
        version=row["version"],
        turn_count=row["turns"],
        first_words=row["first_words"] or "",
    )


def _turn(row: sqlite3.Row) -> StoredTurn:
    return StoredTurn(
        session=row["session"],
        persona=row["persona"],
        number=row["number"],
        asked=datetime.fromisoformat(row["asked"]),
        ended=_moment(row["ended"]),
        said=row["said"],
        language=row["language"],
        reply=row["reply"],
        interrupted=bool(row["interrupted"]),
        timing=_timing(row),
    )


def _timing(row: sqlite3.Row) -> Timing | None:
    if row["gap_ms"] is None:
        return None
    return Timing(
        gap_ms=row["gap_ms"],
        endpoint_ms=row["endpoint_ms"],
        stt_ms=row["stt_ms"],
        llm_ms=row["llm_ms"],
        tts_ms=row["tts_ms"],
        ready=bool(row["ready"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
