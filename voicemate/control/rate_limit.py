"""Bounds lines, queues and rates, so that a slow or hostile client disturbs no other. Pure."""

from collections import deque
from dataclasses import dataclass

from voicemate.control.protocol import MAX_LINE_BYTES


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """The limits of a client.

    Attributes:
        clients: connections at once; a launchd job has 256 open files for everything.
        pending_requests: of one client, without an answer yet.
        total_pending_requests: of all clients together, also of those that have disconnected.
        partial_line_s: seconds from the first byte of a line to its last.
        write_s: seconds in which a client takes what it is sent.
        outbox_bytes: that may wait for a client, besides those in the kernel.
        rate, burst: lines a second of one client, and how many may come at once before that counts.
    """

    clients: int = 64
    pending_requests: int = 8
    total_pending_requests: int = 64
    partial_line_s: float = 10.0
    write_s: float = 5.0
    outbox_bytes: int = 262_144
    rate: float = 50.0
    burst: int = 50


class LineTooLongError(Exception):
    """A line has more bytes than any request."""


class LineSplitter:
    """Cuts a stream of bytes into lines, never holding more than one line's worth."""

    def __init__(self, max_bytes: int = MAX_LINE_BYTES):
        self._max_bytes = max_bytes
        self._partial = bytearray()

    @property
    def has_partial_line(self) -> bool:
        """A line has begun and not ended."""
        return bool(self._partial)

    def split(self, chunk: bytes) -> list[bytes]:
        """The lines that ``chunk`` completes, without their ends.

        Raises:
            TooLongError: a line is longer than allowed; the stream cannot be used any more.
        """
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = bytes(self._partial) + lines[0]
            self._partial.clear()
        self._partial += rest
        if any(len(line) >= self._max_bytes for line in (*lines, self._partial)):
            raise LineTooLongError
        return lines


class TokenBucket:
    """A bucket that fills at ``rate`` a second up to ``burst``; each line takes one out.

    Args:
        now: seconds on the clock of all calls.
    """

    def __init__(self, rate: float, burst: int, now: float):
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._updated_at = now

    def spend(self, now: float) -> float:
        """Take one; returns the seconds to wait before it is earned."""
        self._tokens = min(self._burst, self._tokens + (now - self._updated_at) * self._rate) - 1
        self._updated_at = now
        return max(0.0, -self._tokens / self._rate)


class Outbox:
    """Lines that wait for one client.

    What may be left out is, when it gets too much; when that is not enough, the client is lost.

    Args:
        most: bytes that may wait.
    """

    def __init__(self, max_bytes: int):
        self._max_bytes = max_bytes
        self._lines: deque[tuple[bytes, bool]] = deque()
        self._bytes = 0

    def add(self, line: bytes, droppable: bool = False) -> bool:
        """Queue ``line``; False when the client is hopelessly behind."""
        if self._bytes + len(line) > self._max_bytes:
            if droppable:
                return True
            self._drop_optional()
        self._lines.append((line, droppable))
        self._bytes += len(line)
        return self._bytes <= self._max_bytes

    def take(self) -> bytes:
        """All that waits, as one piece; the outbox is empty then."""
        waiting = b"".join(line for line, _ in self._lines)
        self._lines.clear()
        self._bytes = 0
        return waiting

    def _drop_optional(self) -> None:
        self._lines = deque((line, optional) for line, optional in self._lines if not optional)
        self._bytes = sum(len(line) for line, _ in self._lines)
