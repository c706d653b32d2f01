"""Facts about this process: its open network sockets, and its restrictions according to the kernel."""

import os
import platform
import socket
import stat
from collections.abc import Iterable
from pathlib import Path

from voicemate.sandbox.proof import KernelFacts

_LOCAL = {getattr(socket, name, socket.AF_UNIX) for name in ("AF_UNIX", "AF_NETLINK", "AF_ROUTE", "AF_SYSTEM")}
"""Families that reach only this machine's processes and its kernel."""

_DESCRIPTORS_TRIED = 1024
"""Descriptors that are checked where the system does not list the open ones."""


def open_network_sockets() -> tuple[str, ...]:
    """Return the open network sockets, such as ``descriptor 3 (AF_INET)``."""
    found: list[str] = []
    for descriptor in _descriptors():
        family = _family(descriptor)
        if family is not None and family not in _LOCAL:
            found.append(f"descriptor {descriptor} ({getattr(family, 'name', family)})")
    return tuple(found)


def kernel_facts(landlock: int = 0, process: Path = Path("/proc/self")) -> KernelFacts:
    """Return the facts from ``/proc``; fewer where there is none.

    Args:
        landlock: the version of Landlock's interface, which is not in ``/proc``.
        process: the folder of this process.
    """
    system, machine = f"{platform.system()} {platform.release()}", platform.machine()
    threads = [_status(thread) for thread in process.glob("task/*/status")]
    return KernelFacts(
        system=system,
        machine=machine,
        threads=len(threads),
        filtered=sum(status.get("Seccomp") == "2" for status in threads),
        no_new_privileges=_status(process / "status").get("NoNewPrivs") == "1",
        landlock=landlock,
    )


def _descriptors() -> Iterable[int]:
    try:
        return sorted(int(name) for name in os.listdir("/dev/fd"))
    except OSError:
        return range(_DESCRIPTORS_TRIED)


def _family(descriptor: int) -> int | None:
    """Return the family of a socket; None for other and for closed descriptors."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return None
        with socket.socket(fileno=os.dup(descriptor)) as one:
            return one.family
    except OSError:
        return None


def _status(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text().splitlines()
    except OSError:  # a thread that has ended, or no Linux
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
