"""Binds and connects the control socket, and checks the account at its other end."""

import contextlib
import ctypes
import errno
import hashlib
import os
import socket
import stat
import struct
import sys
import time
from pathlib import Path

from voicemate.core.errors import AlreadyRunningError, ControlError
from voicemate.core.paths import make_private_folder, runtime_folder

_MAX_PATH_BYTES = 103
"""``sun_path`` has 104 bytes on macOS and 108 on Linux, with the final zero."""

_BACKLOG = 16


def socket_path() -> Path:
    """Return the path for this account: in the runtime folder, or in /tmp if that path is too long for a socket."""
    path = runtime_folder() / "control.sock"
    if len(os.fsencode(path)) <= _MAX_PATH_BYTES:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return Path("/tmp") / f"voicemate-{os.getuid()}-{digest}" / "control.sock"


def bind_socket(path: Path) -> socket.socket:
    """Listen at ``path``, mode 0600 in a folder of mode 0700. Replaces the socket of a crashed daemon.

    Raises:
        AlreadyRunningError: a daemon listens there.
        ControlError: the path cannot be used, or belongs to another account.
    """
    try:
        make_private_folder(path.parent)
        _check_owner(path.parent)
        _remove_stale_socket(path)
        with contextlib.ExitStack() as cleanup:
            listening = cleanup.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listening.bind(str(path))
            path.chmod(0o600)
            listening.listen(_BACKLOG)
            cleanup.pop_all()
    except OSError as error:
        raise ControlError(
            f"The control socket {path} cannot be made: {error.strerror}",
            "Make its folder yours to write, or set VOICEMATE_HOME to another one",
        ) from None
    return listening


def remove_socket(path: Path, inode: int) -> None:
    """Remove the socket, unless the file at ``path`` has another inode by now."""
    with contextlib.suppress(OSError):
        if path.lstat().st_ino == inode:
            path.unlink()


def connect(path: Path, timeout_s: float) -> socket.socket | None:
    """Connect to the daemon at ``path``; None if no daemon listens.

    Raises:
        ControlError: it belongs to another account, or cannot be reached.
    """
    with contextlib.ExitStack() as cleanup:
        connection = cleanup.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        connection.settimeout(timeout_s)
        try:
            _connect(connection, path, time.monotonic() + timeout_s)
            uid = peer_uid(connection)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except OSError as error:
            reason = "it does not answer" if isinstance(error, TimeoutError) else error.strerror
            message = f"The control socket {path} cannot be reached: {reason}"
            raise ControlError(message, "Try `voicemate restart`") from None
        if uid != os.getuid():
            raise ControlError(f"The control socket {path} belongs to another account", "Remove it, or ask them to")
        cleanup.pop_all()
    return connection


_RETRY_S = 0.05


def _connect(connection: socket.socket, path: Path, deadline: float) -> None:
    """Connect, and retry while the daemon's queue is full, in which case Linux refuses at once."""
    while True:
        try:
            return connection.connect(str(path))
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            time.sleep(_RETRY_S)


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process at the other end.

    Raises:
        OSError: the connection is closed.
    """
    if sys.platform == "linux":
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", credentials)[1]
    return peer_uid_bsd(connection.fileno(), ctypes.CDLL(None, use_errno=True))


def peer_uid_bsd(descriptor: int, libc: ctypes.CDLL) -> int:
    """Return the same from ``getpeereid(3)``, for macOS.

    Raises:
        OSError: the connection is closed.
    """
    uid, gid = ctypes.c_uint32(), ctypes.c_uint32()
    if libc.getpeereid(descriptor, ctypes.byref(uid), ctypes.byref(gid)) != 0:
        number = ctypes.get_errno() or errno.ENOTCONN
        raise OSError(number, os.strerror(number))
    return uid.value


def _check_owner(folder: Path) -> None:
    """Check that the folder is ours, and no symbolic link."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ControlError(
            f"The folder {folder} of the control socket is not yours", "Remove it, or ask its owner to"
        )


def _remove_stale_socket(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise ControlError(f"{path} is in the way: it is no socket of yours", "Move it away")
    if _is_listening(path):
        raise AlreadyRunningError("A daemon runs already on this account", "Use that one, or `voicemate restart`")
    path.unlink()


def _is_listening(path: Path) -> bool:
    """Return whether a process listens there, even with a full queue."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
