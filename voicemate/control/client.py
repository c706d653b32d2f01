"""The other end of the control socket, for commands and the menu bar. Blocking; one thread at a time."""

import json
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicemate.control.protocol import ControlRequest, request_line
from voicemate.control.socket_path import connect, socket_path
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import ControlError, NotRunningError

RESPONSE_TIMEOUT_S = 10.0
"""How long a daemon that is well may take to answer."""

_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class EventMessage:
    """An event of the conversation: the name of its class in ``core/events.py`` and its fields."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """The reply to request ``id``: either a result, or the error."""

    id: int | None
    result: dict[str, Any] = field(default_factory=dict)
    error: ControlError | None = None


class ControlClient:
    """A connection to the daemon of this account. A context manager.

    Args:
        path: of the socket; this account's own when left out.
        timeout_s: how long to wait for the connection.

    Raises:
        NotRunningError: there is no daemon.
        ControlError: the socket is somebody else's, or nobody answers.
    """

    def __init__(self, path: Path | None = None, timeout_s: float = RESPONSE_TIMEOUT_S):
        connection = connect(path or socket_path(), timeout_s)
        if connection is None:
            raise NotRunningError("voicemate is not running", "Start it with `voicemate start`")
        self._connection: socket.socket = connection
        self._partial_line = b""
        self._lines: deque[bytes] = deque()
        self._events: deque[EventMessage] = deque()
        self._responses: dict[int | None, Response] = {}
        self._last_id = 0

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Another thread that waits for something to read learns that it has ended."""
        with suppress(OSError):  # the daemon has hung up already
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def call(self, command: str, timeout_s: float | None = RESPONSE_TIMEOUT_S, **arguments: Any) -> dict[str, Any]:
        """Have ``command`` done and return its result; None for ``timeout_s`` waits for ever.

        Raises:
            ControlError: it was refused or failed, or the daemon did not answer or ended.
        """
        number = self.send(command, **arguments)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            message = self._receive(deadline)
            if isinstance(message, EventMessage):
                self._events.append(message)
            elif message.id in (number, None):
                if message.error:
                    raise message.error
                return message.result

    def status(self) -> DaemonStatus:
        """How the daemon is.

        Raises:
            ControlError: as ``call``; or it is a daemon of another version.
        """
        try:
            return DaemonStatus.model_validate(self.call("status"))
        except ValidationError:
            raise _version_error() from None

    def send(self, command: str, **arguments: Any) -> int:
        """Ask for ``command`` without waiting; returns the number that its answer will have.

        Raises:
            ControlError: the daemon does not read, or has ended.
        """
        self._last_id += 1
        try:
            self._connection.settimeout(RESPONSE_TIMEOUT_S)  # reading may have left none
            self._connection.sendall(request_line(ControlRequest(self._last_id, command, arguments)))
        except TimeoutError:
            raise _timeout_error() from None
        except OSError:
            raise _disconnected_error() from None
        return self._last_id

    def receive(self, timeout_s: float | None = None) -> EventMessage | Response:
        """The next event or answer.

        Raises:
            ControlError: nothing came in time, or the daemon has ended.
        """
        if self._events:
            return self._events.popleft()
        return self._receive(None if timeout_s is None else time.monotonic() + timeout_s)

    def watch(self, words: bool = False, levels: bool = False) -> Iterator[EventMessage]:
        """Everything that happens from now on, until the daemon ends.

        Args:
            words: also what is said.
            levels: also the microphone's level, ten times a second.

        Raises:
            ControlError: the daemon refused, or this client did not read fast enough and was dropped.
        """
        self.call("events", words=words, levels=levels)
        while True:
            try:
                message = self.receive()
            except ControlError as error:
                if error.code == "ended":
                    return
                raise
            if isinstance(message, EventMessage):
                yield message

    def _receive(self, deadline: float | None) -> EventMessage | Response:
        while not self._lines:
            self._read(deadline)
        return _parse_message(self._lines.popleft())

    def _read(self, deadline: float | None) -> None:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise _timeout_error()
        with suppress(OSError):  # of a connection that is closed: reading tells
            self._connection.settimeout(left)
        try:
            chunk = self._connection.recv(_CHUNK)
        except TimeoutError:
            raise _timeout_error() from None
        except OSError:
            chunk = b""
        if not chunk:
            raise _disconnected_error()
        *lines, self._partial_line = (self._partial_line + chunk).split(b"\n")
        self._lines.extend(lines)


def _parse_message(line: bytes) -> EventMessage | Response:
    """What a line of the daemon says; ours is the only daemon, so there is no doubt about its form."""
    try:
        found = json.loads(line)
        if "event" in found:
            return EventMessage(found["event"], found["data"])
        if "error" in found:
            error = found["error"]
            return Response(found["id"], error=ControlError(error["wrong"], error["remedy"], error["code"]))
        return Response(found["id"], found["result"])
    except (ValueError, KeyError, TypeError):
        raise _version_error() from None


def _version_error() -> ControlError:
    return ControlError("The daemon is of another version", "Use `voicemate restart` after an update")


def _timeout_error() -> ControlError:
    return ControlError("The daemon does not answer", "See `voicemate logs`, or try `voicemate restart`", "silent")


def _disconnected_error() -> ControlError:
    return ControlError("The daemon has ended", "See `voicemate logs`, or start it with `voicemate start`", "ended")
