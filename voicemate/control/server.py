"""The daemon's end of the control socket.

It runs on the conversation's loop and must never block or overload it. So lines, their rate and the outbox of each
client are bounded, and a client that exceeds a bound is dropped.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from voicemate.control.commands import (
    STATUS_CHANGING,
    Arguments,
    Controllable,
    EventsArguments,
    execute,
    parse_arguments,
    refusal_for,
)
from voicemate.control.event_messages import event_data, is_level
from voicemate.control.protocol import (
    ControlRequest,
    ErrorCode,
    Refusal,
    event_line,
    parse_request,
    refusal_line,
    result_line,
)
from voicemate.control.rate_limit import ClientLimits, LineSplitter, LineTooLongError, Outbox, TokenBucket
from voicemate.control.socket_path import bind_socket, peer_uid, remove_socket, socket_path
from voicemate.core.errors import VoicemateError
from voicemate.core.events import Event, StatusChanged

_CHUNK = 16_384
"""Bytes read at once: their lines are handled before those of other clients."""

log = logging.getLogger(__name__)


class ControlServer:
    """Serves every client of this account.

    Args:
        target: carries out the commands.
        path: of the socket; this account's own when left out.
        limits: of each client.
    """

    def __init__(self, target: Controllable, path: Path | None = None, limits: ClientLimits | None = None) -> None:
        self.path = path or socket_path()
        self._target = target
        self._limits = limits or ClientLimits()
        self._clients: set[_Connection] = set()
        self._requests: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def open(self) -> None:
        """Listen from now on.

        Raises:
            AlreadyRunningError: a daemon answers there already.
            ControlError: the socket cannot be made.
        """
        listening = bind_socket(self.path)
        self._inode = self.path.lstat().st_ino
        self._server = await asyncio.start_unix_server(self._accept, sock=listening, limit=_CHUNK)
        self._unsubscribe = self._target.subscribe(self.on_event)

    def stop_accepting(self) -> None:
        """Start no more requests, and free the socket's path for the next daemon.

        Clients stay connected, and see from the end of the connection when the process has ended.
        """
        self._stopping = True
        self._server.close()
        remove_socket(self.path, self._inode)

    async def close(self) -> None:
        """Drop every client and cancel the pending requests."""
        if not self._stopping:
            self.stop_accepting()
        self._unsubscribe()
        for client in tuple(self._clients):
            client.drop()
        for request in self._requests:
            request.cancel()
        ending = {client.task for client in self._clients} | self._requests
        if ending:
            await asyncio.wait(ending)

    def on_event(self, event: Event) -> None:
        """Queue ``event`` for the clients that asked for events."""
        lines: dict[bool, bytes] = {}
        for client in tuple(self._clients):
            wanted = client.event_filter
            if wanted is None or (is_level(event) and not wanted.levels):
                continue
            if wanted.words not in lines:
                lines[wanted.words] = event_line(type(event).__name__, event_data(event, wanted.words))
            client.send(lines[wanted.words], droppable=is_level(event))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            foreign = peer_uid(writer.get_extra_info("socket")) != os.getuid()
        except OSError:
            foreign = True
        if foreign or len(self._clients) >= self._limits.clients:
            if not foreign:
                message = "Too many programs are connected"
                writer.write(refusal_line(Refusal(None, ErrorCode.TOO_MANY_CLIENTS, message, "End some of them")))
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        client = _Connection(reader, writer, self._limits, self._start_request, task)
        self._clients.add(client)
        try:
            await client.serve()
        finally:
            self._clients.discard(client)
            await self._target.release_owned(client)

    def _start_request(self, client: "_Connection", request: ControlRequest) -> asyncio.Task[None] | None:
        """Start ``request``, which runs to its end even if the client disconnects; None if too many are pending."""
        if len(self._requests) >= self._limits.total_pending_requests:
            return None
        task = asyncio.create_task(self._handle_request(client, request), name=f"control {request.command[:20]}")
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)
        return task

    async def _handle_request(self, client: "_Connection", request: ControlRequest) -> None:
        """Carry out one request and answer it."""
        arguments = parse_arguments(request)
        if isinstance(arguments, Refusal):
            client.send(refusal_line(arguments))
        elif isinstance(arguments, EventsArguments):
            client.event_filter = arguments
            client.send(result_line(request.id, {}))
        elif self._stopping and request.command not in ("status", "stop"):
            client.send(refusal_line(Refusal(request.id, ErrorCode.STOPPING, "The daemon is about to end")))
        else:
            client.send(await self._execute(client, request, arguments))
            if request.command in STATUS_CHANGING:
                self.on_event(StatusChanged(0))

    async def _execute(self, client: "_Connection", request: ControlRequest, arguments: Arguments) -> bytes:
        """Carry out one request; returns the line that answers it."""
        try:
            return result_line(request.id, await execute(self._target, request, arguments, client))
        except VoicemateError as error:
            return refusal_line(refusal_for(request.id, error))
        except Exception:
            log.exception("the command %s failed", request.command)
            message = f"The command `{request.command}` failed"
            return refusal_line(Refusal(request.id, ErrorCode.FAILED, message, "See `voicemate logs`"))


class _Connection:
    """One client. Its task reads and another writes.

    Args:
        start_request: returns None if too many requests are pending.
        task: the one that calls ``serve``.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: ClientLimits,
        start_request: Callable[["_Connection", ControlRequest], asyncio.Task[None] | None],
        task: asyncio.Task[None],
    ) -> None:
        self.task = task
        self.event_filter: EventsArguments | None = None
        self._reader = reader
        self._writer = writer
        self._writer.transport.set_write_buffer_limits(high=0)  # what waits, waits in the outbox
        self._limits = limits
        self._start_request = start_request
        self._outbox = Outbox(limits.outbox_bytes)
        self._outbox_changed = asyncio.Event()
        self._finished = False
        self._requests: set[asyncio.Task[None]] = set()

    def send(self, line: bytes, droppable: bool = False) -> None:
        """Queue a line; a client that is too far behind is dropped."""
        if self._outbox.add(line, droppable):
            self._outbox_changed.set()
        else:
            self.drop()

    def drop(self) -> None:
        """End the connection at once, and lose what is queued."""
        self._writer.transport.abort()
        self.task.cancel()

    async def serve(self) -> None:
        """Read requests and write answers and events until the connection ends."""
        writing = asyncio.create_task(self._write(), name="control writer")
        try:
            await self._read()
            if self._requests:  # a client that has closed its sending side may still read the answers
                await asyncio.wait(self._requests)
            self._finished = True
            self._outbox_changed.set()
            await writing
        except (OSError, asyncio.CancelledError):
            pass  # the client disconnected, or was dropped
        finally:
            writing.cancel()
            self._writer.close()

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        lines, bucket = LineSplitter(), TokenBucket(self._limits.rate, self._limits.burst, clock())
        deadline: float | None = None  # of the line that has begun
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await self._reader.read(_CHUNK)
                complete = lines.split(chunk)
            except TimeoutError:
                message = f"The line did not end within {self._limits.partial_line_s:g} s"
                self.send(refusal_line(Refusal(None, ErrorCode.LINE_TOO_SLOW, message)))
                return
            except LineTooLongError:
                self.send(refusal_line(Refusal(None, ErrorCode.LINE_TOO_LONG, "The line is longer than any request")))
                return
            if not chunk:
                return
            for line in complete:
                await asyncio.sleep(bucket.spend(clock()))
                self._on_line(line)
            if not lines.has_partial_line:
                deadline = None
            elif deadline is None or complete:
                deadline = clock() + self._limits.partial_line_s

    def _on_line(self, line: bytes) -> None:
        request = parse_request(line)
        if isinstance(request, Refusal):
            self.send(refusal_line(request))
            return
        accepted = len(self._requests) < self._limits.pending_requests
        task = self._start_request(self, request) if accepted else None
        if task is None:
            message = "Too many requests have no answer yet"
            self.send(refusal_line(Refusal(request.id, ErrorCode.TOO_MANY_REQUESTS, message, "Wait for one")))
            return
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _write(self) -> None:
        try:
            while not self._finished or self._outbox_changed.is_set():
                await self._outbox_changed.wait()
                self._outbox_changed.clear()
                self._writer.write(self._outbox.take())
                async with asyncio.timeout(self._limits.write_s):
                    await self._writer.drain()
        except (OSError, TimeoutError):  # the client has disconnected, or does not read
            self.drop()
