"""Lock one: an audit hook that lets Python code use Unix sockets only.

CPython calls audit hooks before it creates, binds or connects a socket, sends a datagram, or looks a name up
(https://docs.python.org/3/library/audit_events.html). A hook cannot be removed. It is called for every other audited
event too (imports, opened files), so it must ignore those fast.
"""

import errno
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from voicemate.sandbox.proof import RefusedCall

MAX_CALLERS = 64
"""Call sites that are counted one by one; further ones are counted together."""

_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
_ON_A_SOCKET = frozenset({"socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg"})
_WATCHED = _LOOKUPS | _ON_A_SOCKET | {"socket.__new__"}

_LET_THROUGH = (socket.AF_UNIX, -1)
"""Families that may be created. -1 wraps an existing descriptor, whose use is checked again."""


class NetworkRefused(PermissionError):  # noqa: N818  # named as a user reads it in a library's message
    """An attempt to use a network in an offline process. An ``OSError``, which libraries handle."""


class RefusedCalls:
    """Counts refused calls by call site. A count may be lost when two threads try at the same time."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, int, str], int] = {}

    def record(self, module: str, line: int, what: str) -> None:
        """Count a refused call."""
        place = (module, line, what)
        if place not in self._times and len(self._times) >= MAX_CALLERS:
            place = ("elsewhere", 0, what)
        self._times[place] = self._times.get(place, 0) + 1

    def clear(self) -> None:
        """Forget all calls."""
        self._times.clear()

    def all(self) -> tuple[RefusedCall, ...]:
        """Return the calls so far."""
        return tuple(RefusedCall(*place, times) for place, times in tuple(self._times.items()))


def install(calls: RefusedCalls) -> None:
    """Refuse networks to this process's Python code from now on, permanently; record attempts in ``calls``."""
    sys.addaudithook(_hook(calls))


def _hook(calls: RefusedCalls) -> Callable[[str, tuple[Any, ...]], None]:
    watched, allowed = _WATCHED, _allowed  # a hook outlives its module's globals at exit

    def refuse_networks(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in watched or allowed(event, arguments):
            return
        what = event.removeprefix("socket.").replace("__new__", "a new socket")
        frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # documented, and the fastest way
        calls.record(*_caller(frame), what)
        raise NetworkRefused(errno.EACCES, "voicemate is offline: this process may not use the network")

    return refuse_networks


def _allowed(event: str, arguments: tuple[Any, ...]) -> bool:
    """Return whether a call concerns Unix sockets only. CPython documents the ``arguments`` of each ``event``."""
    if event == "socket.__new__":
        return arguments[1] in _LET_THROUGH
    return event in _ON_A_SOCKET and arguments[0].family == socket.AF_UNIX


def _caller(frame: FrameType | None) -> tuple[str, int]:
    """Return module and line of the innermost frame outside the standard library, if any."""
    innermost = frame
    while frame is not None:
        if _module(frame).partition(".")[0] not in sys.stdlib_module_names:
            return _module(frame), frame.f_lineno
        frame = frame.f_back
    return (_module(innermost), innermost.f_lineno) if innermost else ("unknown", 0)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "unknown"))
