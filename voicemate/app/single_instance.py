"""One conversation at a time on an account: two would talk to each other."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voicemate.core.errors import AlreadyRunningError, VoicemateError
from voicemate.core.paths import make_private_folder, runtime_folder


@contextmanager
def single_instance(path: Path | None = None) -> Iterator[None]:
    """Hold the account's microphone lock while the body runs.

    The lock is the kernel's (``flock``), so it ends with the process, however that ends: what a crash leaves
    behind is only a file. The file is never deleted, since a deleted one can be locked twice. Children do not
    inherit the lock, as long as they are started by ``exec`` (``subprocess`` does; a bare ``fork`` does not).

    Args:
        path: the lock file; ``runtime_folder()/voicemate.lock`` when left out.

    Raises:
        AlreadyRunningError: another process holds the lock.
        VoicemateError: the lock file cannot be made.
    """
    path = path or runtime_folder() / "voicemate.lock"
    descriptor = _open(path)
    try:
        _lock(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def lock_holder(path: Path | None = None) -> int | None:
    """The process that holds the lock; None when nobody does."""
    path = path or runtime_folder() / "voicemate.lock"
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        number = _written_pid(descriptor)
        return int(number) if number.isdigit() else None
    finally:
        os.close(descriptor)
    return None


def _open(path: Path) -> int:
    try:
        make_private_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise VoicemateError(
            f"The lock file {path} cannot be opened: {error.strerror}", "Make it and its folder yours to write"
        ) from None


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        number = _written_pid(descriptor)
        process = f" (process {number})" if number else ""
        stop = f", or end it with `kill {number}` and try again" if number else ""
        raise AlreadyRunningError(
            f"Another conversation is running on this account{process}",
            f"Go on talking there{stop}",
        ) from None


def _written_pid(descriptor: int) -> str:
    """The number that the holder has written into the file."""
    return os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
