"""Writes the history while the conversation runs, on a thread of its own.

Every method hands over what happened and returns at once, so a slow disk never stalls the conversation; only a turn's
end is waited for, for a moment in which nobody waits for anything else. What cannot be written is kept in memory and
tried again with the next write; the fault is told once.
"""

import contextlib
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from voicemate import __version__
from voicemate.core.errors import HistoryError
from voicemate.core.worker_thread import WorkerThread
from voicemate.history.database import connect_or_replace, explain_errors, history_file
from voicemate.history.records import normalize_text, to_timestamp
from voicemate.metrics.timing import Timing

_MAX_PENDING = 10_000
"""Writes kept in memory while the disk refuses them: more than a day of talk, and a few megabytes."""

_END_WAIT_S = 0.05
"""A turn's end is on the disk within a few milliseconds. A disk that is slower than this loses the turn's last words
if the program is killed right now, and delays nothing else."""

_BEGIN_SESSION = """
    INSERT INTO sessions (key, started, persona, models, version)
    SELECT :key, :started, :persona, :models, :version
    WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE key = :key)"""
_END_SESSION = "UPDATE sessions SET ended = :ended WHERE key = :key"
_BEGIN_TURN = """
    INSERT INTO turns (session, number, asked, said, language)
    VALUES ((SELECT id FROM sessions WHERE key = :key), :number, :asked, :said, :language)
    ON CONFLICT (session, number) DO UPDATE SET said = excluded.said, language = excluded.language, reply = ''"""
_THIS_TURN = "WHERE number = :number AND session = (SELECT id FROM sessions WHERE key = :key)"
_SPOKEN = f"UPDATE turns SET reply = :reply {_THIS_TURN}"
_TIMED = f"""
    UPDATE turns SET gap_ms = :gap_ms, endpoint_ms = :endpoint_ms, stt_ms = :stt_ms,
        llm_ms = :llm_ms, tts_ms = :tts_ms, ready = :ready {_THIS_TURN}"""
_FINISHED = f"UPDATE turns SET reply = :reply, interrupted = :interrupted, ended = :ended {_THIS_TURN}"

_Write = tuple[str, dict[str, Any]]


class HistoryWriter:
    """One conversation's way into the history. Called from one thread.

    A conversation in which nothing is said leaves no trace. One that is forgotten while it runs loses the turn
    that is under way; with its next turn it begins anew.

    Args:
        path: the file; the person's own when left out.
        on_fault: called with what is wrong and what to do about it, once until all is well again. Runs on the
            history's own thread.
        on_recovered: called on that thread when everything has been written after a fault.
        now: the wall clock.
    """

    def __init__(
        self,
        path: Path | None = None,
        on_fault: Callable[[str, str], None] = lambda wrong, remedy: None,
        on_recovered: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self._path = path or history_file()
        self._on_fault = on_fault
        self._on_recovered = on_recovered
        self._now = now
        self._session: dict[str, Any] = {}
        self._thread = WorkerThread("history")
        self._latest = 0  # ticket of the latest commit that was asked for
        # the rest belongs to the history's thread
        self._connection: sqlite3.Connection | None = None
        self._unwritten: list[_Write] = []
        self._faulty = False

    def start_session(self, persona: str, models: Mapping[str, str]) -> None:
        """A conversation with ``persona`` begins. Opens the file, so that a fault is told now.

        Args:
            models: what hears, thinks and speaks, by role.
        """
        self._session = {
            "key": uuid4().hex,
            "started": to_timestamp(self._now()),
            "persona": normalize_text(persona),
            "models": json.dumps(dict(models), ensure_ascii=False),
            "version": __version__,
        }
        self._submit()

    def start_turn(self, turn: int, said: str = "", language: str = "") -> None:
        """The person said something, or (turn 0) the character begins by itself.

        The same turn again replaces its words, and its reply begins anew: the person had gone on after all.
        """
        begun = {"said": normalize_text(said), "language": language, "asked": to_timestamp(self._now())}
        self._submit((_BEGIN_SESSION, self._session), self._of(_BEGIN_TURN, turn, **begun))

    def update_reply(self, turn: int, reply: str) -> None:
        """``reply`` is what of the reply has been heard so far."""
        self._submit(self._of(_SPOKEN, turn, reply=normalize_text(reply)))

    def add_timing(self, turn: int, timing: Timing) -> None:
        times = {field: getattr(timing, field) for field in Timing.__slots__}
        self._submit(self._of(_TIMED, turn, **times))

    def finish_turn(self, turn: int, reply: str, interrupted: bool) -> None:
        """The character is silent again; ``reply`` is all that was heard of it.

        Returns when it is written, or soon: whoever is told of the end after this may rely on it.
        """
        done = {"reply": normalize_text(reply), "interrupted": interrupted, "ended": to_timestamp(self._now())}
        written = self._submit(self._of(_FINISHED, turn, **done))
        with contextlib.suppress(TimeoutError):
            written.result(timeout=_END_WAIT_S)

    def end_session(self) -> None:
        self._submit((_END_SESSION, {"key": self._session["key"], "ended": to_timestamp(self._now())}))

    def flush(self) -> bool:
        """Wait until everything is on the disk; False when it cannot be written now."""
        return self._thread.submit(self._commit, (), None).result()

    def close(self) -> bool:
        """``flush``, and let go of the file. Nothing may be called afterwards."""
        written = self.flush()
        self._thread.close(self._disconnect)
        return written

    def _of(self, sql: str, turn: int, **values: Any) -> _Write:
        return sql, {"key": self._session["key"], "number": turn, **values}

    def _submit(self, *writes: _Write) -> Future[bool]:
        self._latest += 1
        return self._thread.submit(self._commit, writes, self._latest)

    # ---------------------------------------------------------------- on the history's thread

    def _commit(self, writes: Sequence[_Write], ticket: int | None) -> bool:
        """Write ``writes`` and what is left from before, all or nothing.

        Args:
            ticket: when a later one was given out, that commit takes these writes along; None to write now.
        """
        self._unwritten.extend(writes)
        if ticket is not None and ticket < self._latest:
            return False
        try:
            self._write()
        except HistoryError as error:
            self._disconnect()
            del self._unwritten[:-_MAX_PENDING]
            self._report(error)
            return False
        return True

    def _write(self) -> None:
        if not self._path.exists():
            self._disconnect()  # somebody deleted the file; what is said from now on goes into a new one
        if self._connection is None:
            self._connection = self._connect()
        if not self._unwritten:
            return
        with explain_errors(self._path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for sql, values in self._unwritten:
                self._connection.execute(sql, values)
        self._unwritten.clear()
        if self._faulty:
            self._faulty = False
            self._on_recovered()

    def _connect(self) -> sqlite3.Connection:
        connection, aside = connect_or_replace(self._path, self._now())
        if aside:
            self._report(
                HistoryError(
                    f"The history was damaged; it is kept as {aside}, and a new one was begun",
                    "`sqlite3 FILE .recover` may read the old one",
                )
            )
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _report(self, error: HistoryError) -> None:
        if not self._faulty:
            self._faulty = True
            self._on_fault(error.message, error.hint)
