"""The daemon's end of the control socket.

It runs on the conversation's own loop, so it must never keep that busy or waiting: what a client sends is read at a
bounded rate and in bounded lines, what it is sent waits in a bounded outbox, and whoever breaks a bound is dropped.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from voicemate.control.commands import STATUS_CHANGING, Controlled, Key, Watching, perform, refused, understand
from voicemate.control.flow import Allowance, Limits, LineSplitter, Outbox, TooLongError
from voicemate.control.protocol import (
    Code,
    Refusal,
    Request,
    event_line,
    parse,
    refusal_line,
    result_line,
)
from voicemate.control.socket_place import bound, peer_uid, remove, socket_path
from voicemate.control.watching import event_data, is_level
from voicemate.errors import VoicemateError
from voicemate.events import Event, StatusChanged

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

    def __init__(self, controlled: Controlled, path: Path | None = None, limits: Limits | None = None):
        self.path = path or socket_path()
        self._controlled = controlled
        self._limits = limits or Limits()
        self._clients: set[_Client] = set()
        self._requests: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def open(self) -> None:
        """Listen from now on.

        Raises:
            AlreadyRunningError: a daemon answers there already.
            ControlError: the socket cannot be made.
        """
        listening = bound(self.path)
        self._inode = self.path.lstat().st_ino
        self._server = await asyncio.start_unix_server(self._welcome, sock=listening, limit=_CHUNK)
        self._unsubscribe = self._controlled.subscribe(self._tell)

    def refuse_more(self) -> None:
        """The daemon is about to end: nothing new is begun, and the socket's place is free for the next one.

        Clients stay connected, and see by the end of the connection when the process has ended.
        """
        self._stopping = True
        self._server.close()
        remove(self.path, self._inode)

    async def close(self) -> None:
        """Drop everybody, and whatever they still wait for."""
        if not self._stopping:
            self.refuse_more()
        self._unsubscribe()
        for client in tuple(self._clients):
            client.drop()
        for request in self._requests:
            request.cancel()
        ending = {client.task for client in self._clients} | self._requests
        if ending:
            await asyncio.wait(ending)

    def _tell(self, event: Event) -> None:
        """Queue ``event`` for those who watch; written out once for each way of seeing it."""
        lines: dict[bool, bytes] = {}
        for client in tuple(self._clients):
            watching = client.watching
            if watching is None or (is_level(event) and not watching.levels):
                continue
            if watching.words not in lines:
                lines[watching.words] = event_line(type(event).__name__, event_data(event, watching.words))
            client.send(lines[watching.words], can_be_left_out=is_level(event))

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            stranger = peer_uid(writer.get_extra_info("socket")) != os.getuid()
        except OSError:
            stranger = True
        if stranger or len(self._clients) >= self._limits.clients:
            if not stranger:
                full = Refusal(None, Code.TOO_MANY_CLIENTS, "Too many programs are connected", "End some of them")
                writer.write(refusal_line(full))
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        client = _Client(reader, writer, self._limits, self._begin, task)
        self._clients.add(client)
        try:
            await client.serve()
        finally:
            self._clients.discard(client)
            if client.holds_key:
                await self._controlled.release()

    def _begin(self, client: "_Client", request: Request) -> asyncio.Task[None] | None:
        """Start working on ``request``, which is done to its end even when its client goes away."""
        if len(self._requests) >= self._limits.all_requests:
            return None
        task = asyncio.create_task(self._work_on(client, request), name=f"control {request.command[:20]}")
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)
        return task

    async def _work_on(self, client: "_Client", request: Request) -> None:
        """Do one request and answer it."""
        given = understand(request)
        if isinstance(given, Refusal):
            client.send(refusal_line(given))
        elif isinstance(given, Watching):
            client.watching = given
            client.send(result_line(request.id, {}))
        elif self._stopping and request.command not in ("status", "stop"):
            client.send(refusal_line(Refusal(request.id, Code.STOPPING, "The daemon is about to end")))
        else:
            if isinstance(given, Key):
                client.holds_key = given.action == "press" and given.while_connected
            try:
                line = result_line(request.id, await perform(self._controlled, request.command, given))
            except VoicemateError as error:
                line = refusal_line(refused(request.id, error))
            except Exception:
                log.exception("the command %s failed", request.command)
                wrong = f"The command `{request.command}` failed"
                line = refusal_line(Refusal(request.id, Code.FAILED, wrong, "See `voicemate logs`"))
            client.send(line)
            if request.command in STATUS_CHANGING:
                self._tell(StatusChanged(0))


class _Client:
    """One connection. Its task reads and another writes.

    Args:
        begin: starts working on a request; returns None when there is too much work already.
        task: the one that serves it.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
        begin: Callable[["_Client", Request], asyncio.Task[None] | None],
        task: asyncio.Task[None],
    ):
        self.task = task
        self.watching: Watching | None = None
        self.holds_key = False  # and lets go when it goes away
        self._reader = reader
        self._writer = writer
        self._writer.transport.set_write_buffer_limits(high=0)  # all that waits, waits in the outbox
        self._limits = limits
        self._begin = begin
        self._outbox = Outbox(limits.waiting_bytes)
        self._news = asyncio.Event()
        self._over = False
        self._requests: set[asyncio.Task[None]] = set()

    def send(self, line: bytes, can_be_left_out: bool = False) -> None:
        """Queue a line; a client that is too far behind is dropped."""
        if self._outbox.add(line, can_be_left_out):
            self._news.set()
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
            self._over = True
            self._news.set()
            await writing
        except (OSError, asyncio.CancelledError):
            pass  # they went away, or were dropped
        finally:
            writing.cancel()
            self._writer.close()

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        lines, allowance = LineSplitter(), Allowance(self._limits.rate, self._limits.burst, clock())
        deadline: float | None = None  # of the line that has begun
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await self._reader.read(_CHUNK)
                complete = lines.feed(chunk)
            except TimeoutError:
                wrong = f"Half a line came, and no end of it in {self._limits.half_line_s:g} s"
                self.send(refusal_line(Refusal(None, Code.LINE_TOO_SLOW, wrong)))
                return
            except TooLongError:
                self.send(refusal_line(Refusal(None, Code.LINE_TOO_LONG, "The line is longer than any request")))
                return
            if not chunk:
                return
            for line in complete:
                await asyncio.sleep(allowance.spend(clock()))
                self._take(line)
            if not lines.begun:
                deadline = None
            elif deadline is None or complete:
                deadline = clock() + self._limits.half_line_s

    def _take(self, line: bytes) -> None:
        request = parse(line)
        if isinstance(request, Refusal):
            self.send(refusal_line(request))
            return
        task = self._begin(self, request) if len(self._requests) < self._limits.requests else None
        if task is None:
            busy = Refusal(request.id, Code.TOO_MANY_REQUESTS, "Too many requests have no answer yet", "Wait for one")
            self.send(refusal_line(busy))
            return
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _write(self) -> None:
        try:
            while not self._over or self._news.is_set():
                await self._news.wait()
                self._news.clear()
                self._writer.write(self._outbox.take())
                async with asyncio.timeout(self._limits.write_s):
                    await self._writer.drain()
        except (OSError, TimeoutError):  # gone, or does not read
            self.drop()
