"""The path of the socket, and what may exist there already."""

import ctypes
import os
import socket
import stat
from pathlib import Path

import pytest

from voicemate.control.socket_path import bind_socket, connect, peer_uid, peer_uid_bsd, remove_socket, socket_path
from voicemate.core.errors import AlreadyRunningError, ControlError


def test_the_socket_and_its_folder_are_private(path: Path):
    with bind_socket(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_without_a_daemon_there_is_no_connection(path: Path):
    assert connect(path, timeout_s=1) is None


def test_a_stale_socket_is_replaced(path: Path):
    bind_socket(path).close()  # as a killed process leaves it: the file stays
    assert path.exists()
    assert connect(path, timeout_s=1) is None
    with bind_socket(path):
        found = connect(path, timeout_s=1)
        assert found
        found.close()


def test_the_socket_of_a_running_daemon_is_kept(path: Path):
    with bind_socket(path):
        with pytest.raises(AlreadyRunningError):
            bind_socket(path)
        assert path.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_file_that_is_no_socket_is_kept(path: Path, kind: str):
    path.parent.mkdir()
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/nowhere")
    with pytest.raises(ControlError, match="in the way"):
        bind_socket(path)
    assert path.is_symlink() or path.exists()


def test_both_ends_refuse_another_accounts_socket(path: Path, monkeypatch: pytest.MonkeyPatch):
    with bind_socket(path):
        real = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: real + 1)
        with pytest.raises(ControlError, match="another account"):
            connect(path, timeout_s=1)
        with pytest.raises(ControlError, match="not yours"):
            bind_socket(path)


def test_a_symbolic_link_to_a_folder_is_refused(folder: Path):
    (folder / "elsewhere").mkdir()
    (folder / "run").symlink_to(folder / "elsewhere")
    with pytest.raises(ControlError, match="not yours"):
        bind_socket(folder / "run" / "control.sock")


def test_an_unusable_path_is_an_error(folder: Path):
    (folder / "run").write_text("a file")
    with pytest.raises(ControlError, match="cannot be made"):
        bind_socket(folder / "run" / "control.sock")


def test_a_path_that_is_too_long_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VOICEMATE_HOME", str(folder))
    assert socket_path() == folder / "run" / "control.sock"
    deep = folder / ("語" * 30)
    monkeypatch.setenv("VOICEMATE_HOME", str(deep))
    path = socket_path()
    assert len(os.fsencode(path)) <= 103
    assert path == socket_path()
    monkeypatch.setenv("VOICEMATE_HOME", str(deep / "other"))
    assert path != socket_path()


def test_only_the_own_socket_is_removed(path: Path):
    with bind_socket(path) as first:
        inode = path.lstat().st_ino
        remove_socket(path, inode + 1)
        assert path.exists()
        remove_socket(path, inode)
        assert not path.exists()
        remove_socket(path, inode)
        assert first.fileno() >= 0


def test_the_peers_account_is_known():
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_uid(one) == os.getuid()


class FakeLibc:
    """macOS's ``getpeereid``: fails with ENOTCONN if the peer has disconnected."""

    def __init__(self, uid: int | None):
        self._uid = uid

    def getpeereid(self, descriptor: int, uid: object, gid: object) -> int:
        if self._uid is None:
            ctypes.set_errno(57)
            return -1
        ctypes.cast(uid, ctypes.POINTER(ctypes.c_uint32))[0] = self._uid  # type: ignore[arg-type]
        return 0


def test_macos_uses_getpeereid():
    assert peer_uid_bsd(3, FakeLibc(4_294_967_294)) == 4_294_967_294  # type: ignore[arg-type]
    with pytest.raises(OSError, match=r"\S"):
        peer_uid_bsd(3, FakeLibc(None))  # type: ignore[arg-type]
