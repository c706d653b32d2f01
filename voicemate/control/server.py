"""The daemon's end of the control socket.

It runs on the conversation's own loop, so it must never keep that busy or waiting: what a client sends is read at a
bounded rate and in bounded lines, what it is sent waits in a bounded outbox, and whoever breaks a bound is dropped.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from voicemate.control.commands import (
    STATUS_CHANGING,
    Controllable,
    EventsArguments,
    KeyArguments,
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
"""Bytes read at once: at most so many lines are worked on before others get their turn."""

log = logging.getLogger(__name__)


class ControlServer:
    """Serves ``controlled`` to every client of this account.

    Args:
        controlled: what is told what to do.
        path: of the socket; this account's own when left out.
        limits: what a client may ask for.
    """

    def __init__(self, target: Controllable, path: Path | None = None, limits: ClientLimits | None = None):
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
        """The daemon is about to end: nothing new is begun, and the socket's place is free for the next one.

        Clients stay connected, and see by the end of the connection when the process has ended.
        """
        self._stopping = True
        self._server.close()
        remove_socket(self.path, self._inode)

    async def close(self) -> None:
        """Drop everybody, and whatever they still wait for."""
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
        """Queue ``event`` for those who watch; written out once for each way of seeing it."""
        lines: dict[bool, bytes] = {}
        for client in tuple(self._clients):
            watching = client.event_filter
            if watching is None or (is_level(event) and not watching.levels):
                continue
            if watching.words not in lines:
                lines[watching.words] = event_line(type(event).__name__, event_data(event, watching.words))
            client.send(lines[watching.words], droppable=is_level(event))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            stranger = peer_uid(writer.get_extra_info("socket")) != os.getuid()
        except OSError:
            stranger = True
        if stranger or len(self._clients) >= self._limits.clients:
            if not stranger:
                full = Refusal(
                    None, ErrorCode.TOO_MANY_CLIENTS, "Too many programs are connected", "End some of them"
                )
                writer.write(refusal_line(full))
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
            if client.owns_key_press:
                await self._target.release()

    def _start_request(self, client: "_Connection", request: ControlRequest) -> asyncio.Task[None] | None:
        """Start working on ``request``, which is done to its end even when its client goes away."""
        if len(self._requests) >= self._limits.total_pending_requests:
            return None
        task = asyncio.create_task(self._handle_request(client, request), name=f"control {request.command[:20]}")
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)
        return task

    async def _handle_request(self, client: "_Connection", request: ControlRequest) -> None:
        """Do one request and answer it."""
        given = parse_arguments(request)
        if isinstance(given, Refusal):
            client.send(refusal_line(given))
        elif isinstance(given, EventsArguments):
            client.event_filter = given
            client.send(result_line(request.id, {}))
        elif self._stopping and request.command not in ("status", "stop"):
            client.send(refusal_line(Refusal(request.id, ErrorCode.STOPPING, "The daemon is about to end")))
        else:
            if isinstance(given, KeyArguments):
                client.owns_key_press = given.action == "press" and given.while_connected
            try:
                line = result_line(request.id, await execute(self._target, request.command, given))
            except VoicemateError as error:
                line = refusal_line(refusal_for(request.id, error))
            except Exception:
                log.exception("the command %s failed", request.command)
                wrong = f"The command `{request.command}` failed"
                line = refusal_line(Refusal(request.id, ErrorCode.FAILED, wrong, "See `voicemate logs`"))
            client.send(line)
            if request.command in STATUS_CHANGING:
                self.on_event(StatusChanged(0))


class _Connection:
    """One connection. Its task reads and another writes.

    Args:
        begin: starts working on a request; returns None when there is too much work already.
        task: the one that serves it.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: ClientLimits,
        start_request: Callable[["_Connection", ControlRequest], asyncio.Task[None] | None],
        task: asyncio.Task[None],
    ):
        self.task = task
        self.event_filter: EventsArguments | None = None
        self.owns_key_press = False  # and lets go when it goes away
        self._reader = reader
        self._writer = writer
        self._writer.transport.set_write_buffer_limits(high=0)  # all that waits, waits in the outbox
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
        """End the connection at once, whatever still waits."""
        self._writer.transport.abort()
        self.task.cancel()

    async def serve(self) -> None:
        """Read, answer and tell until the connection ends."""
        writing = asyncio.create_task(self._write(), name="control writer")
        try:
            await self._read()
            if self._requests:  # who has said all it had to say may still read the answers
                await asyncio.wait(self._requests)
            self._finished = True
            self._outbox_changed.set()
            await writing
        except (OSError, asyncio.CancelledError):
            pass  # they went away, or were dropped
        finally:
            writing.cancel()
            self._writer.close()

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        lines, allowance = LineSplitter(), TokenBucket(self._limits.rate, self._limits.burst, clock())
        deadline: float | None = None  # of the line that has begun
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await self._reader.read(_CHUNK)
                complete = lines.split(chunk)
            except TimeoutError:
                wrong = f"Half a line came, and no end of it in {self._limits.partial_line_s:g} s"
                self.send(refusal_line(Refusal(None, ErrorCode.LINE_TOO_SLOW, wrong)))
                return
            except LineTooLongError:
                self.send(refusal_line(Refusal(None, ErrorCode.LINE_TOO_LONG, "The line is longer than any request")))
                return
            if not chunk:
                return
            for line in complete:
                await asyncio.sleep(allowance.spend(clock()))
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
        task = self._start_request(self, request) if len(self._requests) < self._limits.pending_requests else None
        if task is None:
            busy = Refusal(
                request.id, ErrorCode.TOO_MANY_REQUESTS, "Too many requests have no answer yet", "Wait for one"
            )
            self.send(refusal_line(busy))
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
        except (OSError, TimeoutError):  # gone, or does not read
            self.drop()
