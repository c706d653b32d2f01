"""The client's end of the control socket, for commands and the menu. Blocking; one thread at a time."""

import json
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from voicemate.control.protocol import ControlRequest, request_line
from voicemate.control.socket_path import connect, socket_path
from voicemate.control.status import Choices, DaemonStatus, RecentExchange
from voicemate.core.errors import ControlError, NotRunningError

RESPONSE_TIMEOUT_S = 10.0
"""How long a healthy daemon may take to answer."""

CHOICES_TIMEOUT_S = 60.0
"""How long it may take to collect the choices: a process has to start and to try voices and devices."""

_CHUNK = 65_536

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EventMessage:
    """An event of the conversation: the name of its class in ``core/events.py`` and its fields."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to request ``id``: either a result, or the error."""

    id: str | None
    result: dict[str, Any] = field(default_factory=dict[str, Any])
    error: ControlError | None = None


class ControlClient:
    """A connection to the daemon of this account. A context manager.

    Args:
        path: of the socket; this account's own when left out.
        timeout_s: how long to wait for the connection.

    Raises:
        NotRunningError: there is no daemon.
        ControlError: the socket belongs to another account, or nothing answers.
    """

    def __init__(self, path: Path | None = None, timeout_s: float = RESPONSE_TIMEOUT_S) -> None:
        connection = connect(path or socket_path(), timeout_s)
        if connection is None:
            raise NotRunningError("voicemate is not running", "Start it with `voicemate start`")
        self._connection: socket.socket = connection
        self._partial_line = b""
        self._lines: deque[bytes] = deque()
        self._events: deque[EventMessage] = deque()
        self._id_prefix = uuid4().hex
        self._sent = 0

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect. A ``receive`` in another thread raises."""
        with suppress(OSError):  # the daemon has disconnected already
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def call(self, command: str, timeout_s: float | None = RESPONSE_TIMEOUT_S, **arguments: Any) -> dict[str, Any]:
        """Send ``command`` and return its result; None for ``timeout_s`` waits for ever.

        Raises:
            ControlError: it was refused or failed, or the daemon did not answer or ended.
        """
        request_id = self.send(command, **arguments)
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            message = self._receive(deadline)
            if isinstance(message, EventMessage):
                self._events.append(message)
            elif message.id in (request_id, None):
                if message.error:
                    raise message.error
                return message.result

    def status(self) -> DaemonStatus:
        """The daemon as it is now.

        Raises:
            ControlError: as ``call``; or the daemon has another version.
        """
        return _validated(TypeAdapter(DaemonStatus), self.call("status"))

    def choices(self) -> Choices:
        """What there is to choose from; takes a second or so.

        Raises:
            ControlError: as ``status``.
        """
        return _validated(TypeAdapter(Choices), self.call("choices", CHOICES_TIMEOUT_S))

    def recent_exchanges(self, count: int) -> tuple[RecentExchange, ...]:
        """The last ``count`` exchanges of the history, oldest first.

        Raises:
            ControlError: as ``status``.
        """
        exchanges = self.call("exchanges", count=count).get("exchanges")
        return _validated(TypeAdapter(tuple[RecentExchange, ...]), exchanges)

    def send(self, command: str, **arguments: Any) -> str:
        """Send ``command`` without waiting; returns the id of the request.

        The id is unique among all clients: the ``TurnEnded`` of a typed turn has it too.

        Raises:
            ControlError: the daemon does not read, or has ended.
        """
        self._sent += 1
        request_id = f"{self._id_prefix}-{self._sent}"
        try:
            self._connection.settimeout(RESPONSE_TIMEOUT_S)  # the last read may have left another one
            self._connection.sendall(request_line(ControlRequest(request_id, command, arguments)))
        except TimeoutError:
            raise _timeout_error() from None
        except OSError:
            raise _disconnected_error() from None
        return request_id

    def receive(self, timeout_s: float | None = None) -> EventMessage | Response:
        """The next event or answer; None for ``timeout_s`` waits for ever.

        Raises:
            ControlError: nothing came in time, or the daemon has ended.
        """
        if self._events:
            return self._events.popleft()
        return self._receive(None if timeout_s is None else time.monotonic() + timeout_s)

    def watch(self, words: bool = False, levels: bool = False) -> Iterator[EventMessage]:
        """Iterate over the events from now on, until the daemon ends.

        Args:
            words: with what was said.
            levels: also the microphone's level, ten times a second.

        Raises:
            ControlError: the daemon refused, or dropped this client, which did not read fast enough.
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
        with suppress(OSError):  # the connection is closed: recv raises
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
    try:
        found = json.loads(line)
        if "event" in found:
            return EventMessage(found["event"], found["data"])
        if "error" in found:
            error = found["error"]
            return Response(found["id"], error=ControlError(error["message"], error["hint"], error["code"]))
        return Response(found["id"], found["result"])
    except (ValueError, KeyError, TypeError):
        raise _version_error() from None


def _validated(adapter: TypeAdapter[T], value: object) -> T:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        raise _version_error() from None


def _version_error() -> ControlError:
    return ControlError("The daemon has another version", "Use `voicemate restart` after an update")


def _timeout_error() -> ControlError:
    return ControlError("The daemon does not answer", "See `voicemate logs`, or try `voicemate restart`", "silent")


def _disconnected_error() -> ControlError:
    return ControlError("The daemon has ended", "See `voicemate logs`, or start it with `voicemate start`", "ended")
