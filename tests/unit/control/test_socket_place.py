"""Where the socket lies, and who or what may be there already."""

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


def test_without_a_daemon_nobody_is_connected(path: Path):
    assert connect(path, timeout_s=1) is None


def test_what_a_crash_left_is_replaced(path: Path):
    bind_socket(path).close()  # as a killed process leaves it: the file stays
    assert path.exists()
    assert connect(path, timeout_s=1) is None
    with bind_socket(path):
        found = connect(path, timeout_s=1)
        assert found
        found.close()


def test_a_daemon_that_runs_is_left_alone(path: Path):
    with bind_socket(path):
        with pytest.raises(AlreadyRunningError):
            bind_socket(path)
        assert path.exists()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_not_touched(path: Path, kind: str):
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


def test_anothers_socket_is_refused_by_both_ends(path: Path, monkeypatch: pytest.MonkeyPatch):
    with bind_socket(path):
        real = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: real + 1)
        with pytest.raises(ControlError, match="another account"):
            connect(path, timeout_s=1)
        with pytest.raises(ControlError, match="not yours"):
            bind_socket(path)


def test_a_link_where_the_folder_belongs_is_refused(folder: Path):
    (folder / "elsewhere").mkdir()
    (folder / "run").symlink_to(folder / "elsewhere")
    with pytest.raises(ControlError, match="not yours"):
        bind_socket(folder / "run" / "control.sock")


def test_a_place_that_cannot_be_used_is_one_sentence(folder: Path):
    (folder / "run").write_text("a file")
    with pytest.raises(ControlError, match="cannot be made"):
        bind_socket(folder / "run" / "control.sock")


def test_a_home_that_is_too_deep_has_its_socket_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VOICEMATE_HOME", str(folder))
    assert socket_path() == folder / "run" / "control.sock"
    deep = folder / ("語" * 30)
    monkeypatch.setenv("VOICEMATE_HOME", str(deep))
    path = socket_path()
    assert len(os.fsencode(path)) <= 103
    assert path == socket_path()
    monkeypatch.setenv("VOICEMATE_HOME", str(deep / "other"))
    assert path != socket_path()


def test_only_ones_own_socket_is_taken_away(path: Path):
    with bind_socket(path) as first:
        inode = path.lstat().st_ino
        remove_socket(path, inode + 1)
        assert path.exists()
        remove_socket(path, inode)
        assert not path.exists()
        remove_socket(path, inode)
        assert first.fileno() >= 0


def test_the_kernel_says_who_is_on_the_other_end():
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert peer_uid(one) == os.getuid()


class FakeLibc:
    """``getpeereid`` as macOS has it: it fails with ENOTCONN on a socket whose peer has gone."""

    def __init__(self, uid: int | None):
        self._uid = uid

    def getpeereid(self, descriptor: int, uid: object, gid: object) -> int:
        if self._uid is None:
            ctypes.set_errno(57)
            return -1
        ctypes.cast(uid, ctypes.POINTER(ctypes.c_uint32))[0] = self._uid  # type: ignore[arg-type]
        return 0


def test_macos_is_asked_in_its_own_way():
    assert peer_uid_bsd(3, FakeLibc(4_294_967_294)) == 4_294_967_294  # type: ignore[arg-type]
    with pytest.raises(OSError, match=r"\S"):
        peer_uid_bsd(3, FakeLibc(None))  # type: ignore[arg-type]
