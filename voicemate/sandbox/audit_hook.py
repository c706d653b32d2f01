"""Lock one: an audit hook that lets Python code open Unix sockets and no others.

CPython asks audit hooks before it creates, binds or connects a socket, sends a datagram, or looks a name up
(https://docs.python.org/3/library/audit_events.html). A hook cannot be taken off again.

It is asked for every other audited event too (imports, opened files, native calls), so it leaves those at once.
"""

import errno
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from voicemate.sandbox.proof import RefusedCall

MAX_CALLERS = 64
"""So many places are told apart; a program that tries from more of them is no less refused."""

_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
_ON_A_SOCKET = frozenset({"socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg"})
_WATCHED = _LOOKUPS | _ON_A_SOCKET | {"socket.__new__"}

_LET_THROUGH = (socket.AF_UNIX, -1)
"""Families that may be made. -1 is an object around a descriptor that exists; using it is watched again."""


class NetworkRefused(PermissionError):
    """A network was asked for in a process that is offline. An ``OSError``, so that libraries go on without it."""


class RefusedCalls:
    """Who was refused, and how often. A count may be lost when two threads try in the same moment."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, int, str], int] = {}

    def record(self, module: str, line: int, what: str) -> None:
        place = (module, line, what)
        if place not in self._times and len(self._times) >= MAX_CALLERS:
            place = ("elsewhere", 0, what)
        self._times[place] = self._times.get(place, 0) + 1

    def clear(self) -> None:
        self._times.clear()

    def all(self) -> tuple[RefusedCall, ...]:
        return tuple(RefusedCall(*place, times) for place, times in tuple(self._times.items()))


def install(tries: RefusedCalls) -> None:
    """Refuse networks to Python code of this process from now on, for good; who tries is noted in ``tries``."""
    sys.addaudithook(_hook(tries))


def _hook(tries: RefusedCalls) -> Callable[[str, tuple[Any, ...]], None]:
    watched, allowed = _WATCHED, _allowed  # a hook outlives its module's globals when the interpreter ends

    def refuse_networks(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in watched or allowed(event, arguments):
            return
        what = event.removeprefix("socket.").replace("__new__", "a new socket")
        tries.record(*_caller(sys._getframe(1)), what)
        raise NetworkRefused(errno.EACCES, "voicemate is offline: this process may not use the network")

    return refuse_networks


def _allowed(event: str, arguments: tuple[Any, ...]) -> bool:
    """Is it about Unix sockets only? ``arguments`` are those that CPython documents for ``event``."""
    if event == "socket.__new__":
        return arguments[1] in _LET_THROUGH
    return event in _ON_A_SOCKET and arguments[0].family == socket.AF_UNIX


def _caller(frame: FrameType | None) -> tuple[str, int]:
    """Module and line of who asked: the innermost code that is not of the standard library, if there is any."""
    innermost = frame
    while frame is not None:
        if _module(frame).partition(".")[0] not in sys.stdlib_module_names:
            return _module(frame), frame.f_lineno
        frame = frame.f_back
    return (_module(innermost), innermost.f_lineno) if innermost else ("unknown", 0)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "unknown"))
