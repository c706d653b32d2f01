"""Files in the models folder: complete or absent, one writer at a time, with clear errors when the disk is full."""

import errno
import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from voicemate.core.errors import DownloadError

MB = 1_000_000
GB = 1_000_000_000

_CHUNK = 1 << 20
_RESERVED_BYTES = 64 * MB
"""Bytes that a pull leaves free on the disk."""

_DISK_FULL_ERRORS = {errno.ENOSPC, errno.EDQUOT}

ByteProgress = Callable[[int], None]
"""Called with the number of bytes done."""


class Progress(Protocol):
    """Receives the progress of long work. Called often, on the working thread; must return at once.

    Args:
        stage: what is being done, such as ``whisper-base: fetching``. A new text starts a new bar.
        done, total: bytes. ``total`` is 0 while it is not known.
    """

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` bytes of ``stage`` are done."""
        ...


def no_progress(stage: str, done: int, total: int) -> None:
    """A ``Progress`` that shows nothing."""


def as_size(n: float) -> str:
    """Format ``n`` bytes in decimal units, as for disks and downloads: "82 MB", "2.3 MB", "18.6 GB"."""
    unit, name = (GB, "GB") if n >= 999.5 * MB else (MB, "MB") if n >= 999_500 else (1000, "kB")
    value = n / unit
    return f"{value:.0f} {name}" if value >= 20 else f"{value:.1f} {name}"


class AppendingFile(io.FileIO):
    """A file opened for appending that reports its length after each write."""

    def __init__(self, path: Path, progress: ByteProgress) -> None:
        super().__init__(path, "rb+" if path.exists() else "wb+")
        self._watch = progress
        self.seek(0, io.SEEK_END)

    def write(self, data: Any) -> int:
        """Write all of ``data``, in as many steps as needed."""
        view = memoryview(data).cast("B")
        written = 0
        while written < len(view):
            written += super().write(view[written:]) or 0
        self._watch(self.tell())
        return written


def sha256(path: Path, progress: ByteProgress = lambda done: None) -> str:
    """Return the file's hash; ``progress`` gets the number of bytes read.

    Raises:
        OSError: the file cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done)
    return digest.hexdigest()


def install_file(part: Path, final: Path) -> None:
    """Rename the complete file ``part`` to ``final`` atomically: a crash leaves the old file or the new one.

    All users may read it: a umask of 077 must not hide shared weights.
    """
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.chmod(0o644)
    part.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def require_disk_space(folder: Path, needed: int, what: str) -> None:
    """Check that ``needed`` bytes fit on the disk of ``folder``.

    Raises:
        DownloadError: they do not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _RESERVED_BYTES:
        raise DownloadError(
            f"{what} needs {as_size(needed + _RESERVED_BYTES)} on the disk of {folder}, and {as_size(free)} are free",
            "Free some space and try again",
        )


@contextmanager
def disk_errors(folder: Path) -> Generator[None]:
    """Turn an ``OSError`` of the disk of ``folder`` into a ``DownloadError``."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL_ERRORS:
            wrong = f"The disk of {folder} is full"
            raise DownloadError(wrong, "Free some space and try again: what is already fetched is kept") from None
        raise DownloadError(
            f"The models folder {folder} cannot be used: {error.strerror or error}",
            "Correct that, or name another folder in VOICEMATE_MODELS",
        ) from None


@contextmanager
def pull_lock(folder: Path, waiting: Callable[[], None]) -> Generator[None]:
    """Lock ``folder`` against other pulls; call ``waiting`` once if another one has to finish first.

    The kernel releases the lock when its holder dies.
    """
    lock = os.open(folder / ".pull.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
