"""The path of the control socket, the account at its other end, and what a crash left behind."""

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
"""Bytes of a socket's path: ``sun_path`` has 104 on macOS and 108 on Linux, with a zero at the end."""

_BACKLOG = 16


def socket_path() -> Path:
    """The control socket of this account: in the runtime folder, or in /tmp where that is too deep for a socket."""
    path = runtime_folder() / "control.sock"
    if len(os.fsencode(path)) <= _MAX_PATH_BYTES:
        return path
    place = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return Path("/tmp") / f"voicemate-{os.getuid()}-{place}" / "control.sock"


def bind_socket(path: Path) -> socket.socket:
    """A listening socket at ``path``, mode 0600 in a folder 0700; what a crash left there is replaced.

    Raises:
        AlreadyRunningError: a daemon answers there.
        ControlError: the place cannot be used, or belongs to somebody else.
    """
    try:
        make_private_folder(path.parent)
        _check_owner(path.parent)
        _remove_stale_socket(path)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(path))
            path.chmod(0o600)
            listening.listen(_BACKLOG)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise ControlError(
            f"The control socket {path} cannot be made: {error.strerror}",
            "Make its folder yours to write, or set VOICEMATE_HOME to another one",
        ) from None
    return listening


def remove_socket(path: Path, inode: int) -> None:
    """Take the socket with that number away; what somebody else has put there by now stays."""
    with contextlib.suppress(OSError):
        if path.lstat().st_ino == inode:
            path.unlink()


def connect(path: Path, timeout_s: float) -> socket.socket | None:
    """A connection to the daemon at ``path``; None when there is no daemon.

    Raises:
        ControlError: what is there is no daemon of this account, or cannot be reached.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        _connect(connection, path, time.monotonic() + timeout_s)
        if peer_uid(connection) != os.getuid():
            raise ControlError(f"The control socket {path} belongs to another account", "Remove it, or ask them to")
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        connection.close()
        return None
    except OSError as error:
        connection.close()
        reason = "it does not answer" if isinstance(error, TimeoutError) else error.strerror
        raise ControlError(f"The control socket {path} cannot be reached: {reason}", _RESTART) from None
    except ControlError:
        connection.close()
        raise
    return connection


_RESTART = "Try `voicemate restart`"

_RETRY_S = 0.05


def _connect(connection: socket.socket, path: Path, deadline: float) -> None:
    """Connect, and wait for a place in the daemon's queue, which Linux refuses without waiting when it is full."""
    while True:
        try:
            return connection.connect(str(path))
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError from None
            time.sleep(_RETRY_S)


def peer_uid(connection: socket.socket) -> int:
    """The account of the process on the other end, as the kernel knows it.

    Raises:
        OSError: the connection is closed.
    """
    if sys.platform == "linux":
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", credentials)[1]
    return peer_uid_bsd(connection.fileno(), ctypes.CDLL(None, use_errno=True))


def peer_uid_bsd(descriptor: int, libc: ctypes.CDLL) -> int:
    """The same by ``getpeereid(3)``, as macOS has it.

    Raises:
        OSError: the connection is closed.
    """
    uid, gid = ctypes.c_uint32(), ctypes.c_uint32()
    if libc.getpeereid(descriptor, ctypes.byref(uid), ctypes.byref(gid)) != 0:
        number = ctypes.get_errno() or errno.ENOTCONN
        raise OSError(number, os.strerror(number))
    return uid.value


def _check_owner(folder: Path) -> None:
    """That nobody has put a folder, or a way to one, where ours belongs."""
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
    """Somebody listens there. A full queue of connections is somebody too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True
