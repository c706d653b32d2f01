"""Limits on lines, queues and rates, which keep a slow or hostile client from affecting others. Pure."""

from collections import deque
from dataclasses import dataclass

from voicemate.control.protocol import MAX_LINE_BYTES


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """The limits of a client.

    Attributes:
        clients: simultaneous connections; a launchd job may have 256 open files in all.
        pending_requests: of one client.
        total_pending_requests: of all clients, including those that have disconnected.
        partial_line_s: seconds from the first byte of a line to its last.
        write_s: seconds in which a client must read what it is sent.
        outbox_bytes: queued for a client, besides the kernel's buffer.
        rate, burst: lines per second of one client, and how many it may send at once.
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
    """A line is longer than any request."""


class LineSplitter:
    """Splits a stream of bytes into lines, buffering at most one line."""

    def __init__(self, max_bytes: int = MAX_LINE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._partial = bytearray()

    @property
    def has_partial_line(self) -> bool:
        """A line has begun but not ended."""
        return bool(self._partial)

    def split(self, chunk: bytes) -> list[bytes]:
        """Return the lines that ``chunk`` completes, without line ends.

        Raises:
            LineTooLongError: a line is too long; the stream is unusable.
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
    """A bucket that gains ``rate`` tokens per second up to ``burst``; each line takes one. ``now`` is in seconds."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._updated_at = now

    def spend(self, now: float) -> float:
        """Take a token; return the seconds to wait for it."""
        self._tokens = min(self._burst, self._tokens + (now - self._updated_at) * self._rate) - 1
        self._updated_at = now
        return max(0.0, -self._tokens / self._rate)


class Outbox:
    """The queue of lines for one client, of ``max_bytes``. Drops optional lines when it is full."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lines: deque[tuple[bytes, bool]] = deque()
        self._bytes = 0

    def add(self, line: bytes, droppable: bool = False) -> bool:
        """Queue ``line``; return False if the client is too far behind."""
        if self._bytes + len(line) > self._max_bytes:
            if droppable:
                return True
            self._drop_optional()
        self._lines.append((line, droppable))
        self._bytes += len(line)
        return self._bytes <= self._max_bytes

    def take(self) -> bytes:
        """Remove and return all queued bytes."""
        queued = b"".join(line for line, _ in self._lines)
        self._lines.clear()
        self._bytes = 0
        return queued

    def _drop_optional(self) -> None:
        self._lines = deque((line, optional) for line, optional in self._lines if not optional)
        self._bytes = sum(len(line) for line, _ in self._lines)
