"""What can be read about this process: its open network sockets, and what the kernel has it under."""

import os
import platform
import socket
import stat
from collections.abc import Iterable
from pathlib import Path

from voicemate.sandbox.proof import KernelFacts

_LOCAL = {getattr(socket, name, socket.AF_UNIX) for name in ("AF_UNIX", "AF_NETLINK", "AF_ROUTE", "AF_SYSTEM")}
"""Families that end in this machine: other processes, and the kernel itself."""

_DESCRIPTORS_TRIED = 1024
"""So many are looked at where the system does not list them."""


def open_network_sockets() -> tuple[str, ...]:
    """Open descriptors that are sockets to a network, such as ``descriptor 3 (AF_INET)``."""
    found = []
    for descriptor in _descriptors():
        family = _family(descriptor)
        if family is not None and family not in _LOCAL:
            found.append(f"descriptor {descriptor} ({getattr(family, 'name', family)})")
    return tuple(found)


def kernel_facts(landlock: int = 0, process: Path = Path("/proc/self")) -> KernelFacts:
    """The kernel's own word, as far as the system has a ``/proc``.

    Args:
        landlock: the version of Landlock's interface, which ``/proc`` does not tell.
        process: where the kernel tells about this process.
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
    """The family of a socket; None for what is no socket, or gone."""
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
