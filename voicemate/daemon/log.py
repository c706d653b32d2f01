"""The daemon's log: a rotating file, by default without what was said."""

import logging
import logging.handlers
import os
import queue
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path

from voicemate.control.event_messages import event_data, is_level
from voicemate.core.events import Event, Fault
from voicemate.core.paths import make_private_folder, state_folder

MAX_BYTES = 1_000_000
BACKUP_COUNT = 3

_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"

log = logging.getLogger(__name__)


def log_path() -> Path:
    """Return the current file; older ones are ``voicemate.log.1`` and so on."""
    return state_folder() / "log" / "voicemate.log"


class PrivateLogFile(logging.handlers.RotatingFileHandler):
    """A rotating file that only this account can read. A full disk costs lines only.

    Args:
        on_error: called once when lines cannot be written, until one can be.
    """

    def __init__(self, path: Path, on_error: Callable[[OSError], None] = lambda error: None) -> None:
        self._on_error = on_error
        self._error_reported = False
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=BACKUP_COUNT, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o600)

        return open(self.baseFilename, "a", encoding=self.encoding, errors="replace", opener=private)

    def emit(self, record: logging.LogRecord) -> None:
        """Write ``record``."""
        self._failed = False
        super().emit(record)
        self._error_reported = self._failed

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # named by logging.Handler
        """Report that ``record`` could not be written."""
        self._failed = True
        error = sys.exc_info()[1]
        if isinstance(error, OSError) and not self._error_reported:
            self._error_reported = True
            self._on_error(error)


@contextmanager
def logging_to(
    path: Path, on_error: Callable[[str, str], None], to_stderr: bool
) -> Generator[logging.handlers.QueueListener]:
    """Write the log to ``path``, from its own thread, while the body runs.

    Yields the thread's owner, whose ``stop`` writes the queued lines, for a process that ends inside the body.

    Args:
        on_error: called with a message and a hint when lines are lost, in the log's thread.
        to_stderr: write to standard error too.
    """

    def report_error(error: OSError) -> None:
        on_error(f"The log {path} cannot be written: {error.strerror}", "Make room, or make it yours to write")

    handlers: list[logging.Handler] = []
    try:
        make_private_folder(path.parent)
        handlers.append(PrivateLogFile(path, report_error))
    except OSError as error:
        report_error(error)
    if to_stderr or not handlers:
        handlers.append(logging.StreamHandler())
        handlers[-1].setLevel(logging.INFO if to_stderr else logging.WARNING)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(records, *handlers, respect_handler_level=True)
    root, queue_handler = logging.getLogger(), logging.handlers.QueueHandler(records)
    level = root.level
    root.addHandler(queue_handler)
    root.setLevel(logging.INFO)
    listener.start()
    try:
        yield listener
    finally:
        root.removeHandler(queue_handler)
        root.setLevel(level)
        listener.stop()
        for handler in handlers:
            with suppress(OSError):  # a full disk, again
                handler.close()


class EventLog:
    """A subscriber that logs every event but levels.

    Args:
        words: with what was said.
    """

    def __init__(self, words: bool = False) -> None:
        self._words = words

    def on_event(self, event: Event) -> None:
        """Log ``event``."""
        if is_level(event):
            return
        data = event_data(event, self._words)
        shown = " ".join(f"{name}={value!r}" for name, value in data.items() if name != "at")
        level = logging.WARNING if isinstance(event, Fault) else logging.INFO
        log.log(level, "%s %s", type(event).__name__, shown)


def tail(path: Path, lines: int) -> list[str]:
    """Return the last ``lines`` of the log, including rotated files."""
    found: list[str] = []
    for file in (path, *(path.with_name(f"{path.name}.{number}") for number in range(1, BACKUP_COUNT + 1))):
        try:
            found = file.read_text(encoding="utf-8", errors="replace").splitlines() + found
        except FileNotFoundError:
            break
        if len(found) >= lines:
            break
    return found[-lines:]


def follow(path: Path, poll_s: float = 0.3) -> Iterator[str]:
    """Yield each complete line from now on, across rotations; never ends. Polls every ``poll_s`` seconds."""
    position, inode, partial = (path.stat().st_size, path.stat().st_ino, "") if path.exists() else (0, 0, "")
    while True:
        with suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as file:
            found = os.fstat(file.fileno())
            if found.st_ino != inode or found.st_size < position:
                position, inode = 0, found.st_ino
            file.seek(position)
            *lines, partial = (partial + file.read()).split("\n")
            position = file.tell()
            yield from (f"{line}\n" for line in lines)
        time.sleep(poll_s)
