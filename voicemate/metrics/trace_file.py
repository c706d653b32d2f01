"""The last turns' traces on disk: ``state_folder()/trace.jsonl``, one JSON object a line, no words in it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from voicemate.core.events import Event
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.core.worker_thread import WorkerThread
from voicemate.metrics.turn_trace import TraceAssembler, TurnTrace

_MAX_FILE_BYTES = 1_000_000
"""Bytes, some thousand turns; then the file becomes ``trace.1.jsonl`` and a new one begins."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """A turn of the trace file.

    Attributes:
        time: wall time when the turn was complete, UTC.
    """

    time: datetime
    turn: TurnTrace


_LINE = TypeAdapter(TraceLine)


def trace_path() -> Path:
    return state_folder() / "trace.jsonl"


class TraceFile:
    """A subscriber that appends each turn to a private file, on a thread of its own.

    The file is a convenience: a line that cannot be written is lost, and the fault told once.

    Args:
        path: the file; the person's own when left out.
        on_fault: called on the file's thread with what is wrong and what to do about it.
        now: the wall clock.
    """

    def __init__(
        self,
        path: Path | None = None,
        on_fault: Callable[[str, str], None] = lambda wrong, remedy: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ):
        self._path = path or trace_path()
        self._on_fault = on_fault
        self._now = now
        self._assembler = TraceAssembler()
        self._thread = WorkerThread("trace")
        self._faulty = False  # belongs to the thread

    def on_event(self, event: Event) -> None:
        for turn in self._assembler.add(event):
            self._hand_over(turn)

    def close(self) -> None:
        """Write the turns that were under way, and wait until all is written."""
        for turn in self._assembler.finish():
            self._hand_over(turn)
        self._thread.close()

    def _hand_over(self, turn: TurnTrace) -> None:
        self._thread.submit(self._append, _LINE.dump_json(TraceLine(self._now(), turn)) + b"\n")

    def _append(self, line: bytes) -> None:
        try:
            _append_private(self._path, line)
            self._faulty = False
        except OSError as error:
            if not self._faulty:
                self._faulty = True
                self._on_fault(
                    f"The trace {self._path} cannot be written: {error.strerror}",
                    "Make room, or make it yours to write",
                )


def read_trace(limit: int = 100, path: Path | None = None) -> list[TraceLine]:
    """The latest turns, oldest first. A line that a full disk cut off is passed over."""
    path = path or trace_path()
    lines: list[TraceLine] = []
    for file in (_older(path), path):
        if file.exists():
            lines += [line for text in file.read_bytes().splitlines() if (line := _line(text))]
    return lines[-limit:]


def _line(text: bytes) -> TraceLine | None:
    try:
        return _LINE.validate_json(text)
    except ValidationError:
        return None


def _append_private(path: Path, line: bytes) -> None:
    make_private_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, line)
        size = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    if size > _MAX_FILE_BYTES:
        path.replace(_older(path))


def _older(path: Path) -> Path:
    return path.with_name(f"{path.stem}.1{path.suffix}")
