"""The daemon's log: a file that rotates. What was said is not in it unless that is asked for."""

import logging
import logging.handlers
import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
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
    """The file that is written now; older ones are ``voicemate.log.1`` and so on."""
    return state_folder() / "log" / "voicemate.log"


class PrivateLogFile(logging.handlers.RotatingFileHandler):
    """A rotating file that only this account can read. A full disk loses lines, and nothing else.

    Args:
        on_error: called when a line cannot be written, once until one can be.
    """

    def __init__(self, path: Path, on_error: Callable[[OSError], None] = lambda error: None):
        self._on_error = on_error
        self._error_reported = False
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=BACKUP_COUNT, encoding="utf-8")

    def _open(self) -> TextIOWrapper:
        return open(
            self.baseFilename,
            "a",
            encoding=self.encoding,
            errors="replace",
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write ``record``."""
        self._failed = False
        super().emit(record)
        self._error_reported = self._failed

    def handleError(self, record: logging.LogRecord) -> None:
        """Report the error that keeps ``record`` from being written."""
        self._failed = True
        error = sys.exc_info()[1]
        if isinstance(error, OSError) and not self._error_reported:
            self._error_reported = True
            self._on_error(error)


@contextmanager
def logging_to(
    path: Path, on_error: Callable[[str, str], None], to_stderr: bool
) -> Iterator[logging.handlers.QueueListener]:
    """While the body runs, write what voicemate logs to ``path``, from a thread of its own.

    Yields the thread's owner: its ``stop`` writes what still waits, for a process that will not leave the body.

    Args:
        on_error: called with a message and a hint when lines are lost; in the log's thread.
        to_stderr: write to standard error too.
    """

    def troubled(error: OSError) -> None:
        on_error(f"The log {path} cannot be written: {error.strerror}", "Make room, or make it yours to write")

    handlers: list[logging.Handler] = []
    try:
        make_private_folder(path.parent)
        handlers.append(PrivateLogFile(path, troubled))
    except OSError as error:
        troubled(error)
    if to_stderr or not handlers:
        handlers.append(logging.StreamHandler())
        handlers[-1].setLevel(logging.INFO if to_stderr else logging.WARNING)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
    waiting: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(waiting, *handlers, respect_handler_level=True)
    root, entrance = logging.getLogger(), logging.handlers.QueueHandler(waiting)
    level = root.level
    root.addHandler(entrance)
    root.setLevel(logging.INFO)
    listener.start()
    try:
        yield listener
    finally:
        root.removeHandler(entrance)
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

    def __init__(self, words: bool = False):
        self._words = words

    def on_event(self, event: Event) -> None:
        """Log ``event``."""
        if is_level(event):
            return
        shown = " ".join(
            f"{name}={value!r}" for name, value in event_data(event, self._words).items() if name != "at"
        )
        level = logging.WARNING if isinstance(event, Fault) else logging.INFO
        log.log(level, "%s %s", type(event).__name__, shown)


def tail(path: Path, lines: int) -> list[str]:
    """The last ``lines`` of the log, also of the files that it has rotated out of."""
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
    """Whole lines that are written from now on, also after the file was rotated; never ends.

    Args:
        look_s: how often to look.
    """
    position, inode, begun = (path.stat().st_size, path.stat().st_ino, "") if path.exists() else (0, 0, "")
    while True:
        with suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as file:
            found = os.fstat(file.fileno())
            if found.st_ino != inode or found.st_size < position:
                position, inode = 0, found.st_ino
            file.seek(position)
            *lines, begun = (begun + file.read()).split("\n")
            position = file.tell()
            yield from (f"{line}\n" for line in lines)
        time.sleep(poll_s)
