"""Lock three: attempts to use the network, from C and from Python.

Nothing is sent. TCP connects to this machine only; for other machines a datagram socket is connected, which asks the
kernel for a route and sends nothing. The addresses are reserved for documentation (RFC 5737, RFC 3849).
"""

import ctypes
import os
import socket
import struct
import sys
from collections.abc import Callable

from voicemate.sandbox.linux_syscalls import LinuxKernel
from voicemate.sandbox.proof import REFUSALS, SelfTestAttempt

_DISCARD = 9  # the port of a service that ignores its input, and that hardly any machine runs
_IO_URING_SETUP = 425
NO_SUCH_HOST = "voicemate.invalid"
"""A name that cannot exist (RFC 6761)."""

AttemptErrnos = dict[str, int]
"""Each attempt and its errno, 0 for success."""


def try_from_c() -> AttemptErrnos:
    """Try from C, which an audit hook does not see."""
    libc = ctypes.CDLL(None, use_errno=True)
    tried = {
        "TCP to this machine": _connect(libc, socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1"),
        "UDP to 192.0.2.1": _connect(libc, socket.AF_INET, socket.SOCK_DGRAM, "192.0.2.1"),
        "UDP to 2001:db8::1": _connect(libc, socket.AF_INET6, socket.SOCK_DGRAM, "2001:db8::1"),
    }
    if sys.platform == "linux":
        # Without parameters no ring is created: where they are allowed, it fails with EFAULT.
        tried["io_uring"] = -LinuxKernel().syscall(_IO_URING_SETUP, 0, 0)
    return tried


def try_from_python() -> AttemptErrnos:
    """Try from Python. A name is looked up only after a socket was refused, so no query is sent."""

    def connect() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(("192.0.2.1", _DISCARD))

    def look_up() -> None:
        socket.getaddrinfo(NO_SUCH_HOST, _DISCARD)

    tried = {"UDP to 192.0.2.1": _errno_of(connect)}
    if tried["UDP to 192.0.2.1"] in REFUSALS:
        tried["looking up a name"] = _errno_of(look_up)
    return tried


def compare(before: AttemptErrnos, after: AttemptErrnos, python: AttemptErrnos) -> tuple[SelfTestAttempt, ...]:
    """Join the attempts from C, before and after the locks, and those from Python."""
    native = [SelfTestAttempt("C", what, before.get(what), number) for what, number in after.items()]
    return (*native, *(SelfTestAttempt("Python", what, None, number) for what, number in python.items()))


def socket_address(family: int, address: str, port: int, bsd: bool) -> bytes:
    """Return ``struct sockaddr_in`` or ``sockaddr_in6``; on ``bsd`` systems (macOS) it begins with its length."""
    host = socket.inet_pton(family, address)
    body = struct.pack("!H4s8x", port, host) if family == socket.AF_INET else struct.pack("!HI16sI", port, 0, host, 0)
    head = struct.pack("BB", len(body) + 2, family) if bsd else struct.pack("=H", family)
    return head + body


def _connect(libc: ctypes.CDLL, family: int, kind: int, address: str) -> int:
    """Create a socket and connect it; return the first errno, or 0. Never blocks."""
    descriptor = libc.socket(family, kind, 0)
    if descriptor < 0:
        return ctypes.get_errno()
    try:
        os.set_blocking(descriptor, False)
        name = socket_address(family, address, _DISCARD, bsd=sys.platform == "darwin")
        return ctypes.get_errno() if libc.connect(descriptor, name, len(name)) else 0
    finally:
        os.close(descriptor)


def _errno_of(attempt: Callable[[], None]) -> int:
    try:
        attempt()
    except OSError as error:
        return error.errno or 0
    return 0
