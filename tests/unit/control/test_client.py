"""A daemon that hangs does not hang its clients."""

import socket
import threading
from pathlib import Path

import pytest

from voicemate.control import client as client_module
from voicemate.control.client import ControlClient
from voicemate.control.socket_path import bind_socket
from voicemate.core.errors import ControlError

SOON_S = 0.2


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "RESPONSE_TIMEOUT_S", SOON_S)


def test_a_silent_daemon_is_an_error(path: Path):
    with bind_socket(path), ControlClient(path) as client:
        with pytest.raises(ControlError, match="does not answer") as told:
            client.call("status", timeout_s=SOON_S)
        assert "voicemate restart" in told.value.hint


def test_a_daemon_that_does_not_read_is_an_error(path: Path):
    with bind_socket(path), ControlClient(path, timeout_s=SOON_S) as client:
        with pytest.raises(ControlError, match="does not answer"):
            client.receive(timeout_s=SOON_S)
        client._connection.settimeout(None)  # as a wait without an end leaves it
        with pytest.raises(ControlError, match="does not answer"):
            _send_for_ever(client)


def test_a_full_backlog_is_retried(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("voicemate.control.socket_path._BACKLOG", 0)
    with bind_socket(path) as listening:
        waiting = _fill(path)
        with pytest.raises(ControlError, match="it does not answer"):
            ControlClient(path, timeout_s=SOON_S)
        room = threading.Timer(SOON_S, lambda: listening.accept()[0].close())
        room.start()
        ControlClient(path, timeout_s=20).close()
        room.join()
        for one in waiting:
            one.close()


def _send_for_ever(client: ControlClient) -> None:
    while True:
        client.send("say", text="x" * 4_000)


def _fill(path: Path) -> list[socket.socket]:
    """Connect until the backlog is full."""
    waiting = []
    while True:
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.setblocking(False)
        try:
            one.connect(str(path))
        except BlockingIOError:
            one.close()
            return waiting
        except ConnectionRefusedError:
            one.close()
            pytest.skip("this system says of a full queue that nobody is there")
        waiting.append(one)
