"""What is known about the locks once they are on: plain data that status, doctor and tests show."""

import errno
from dataclasses import asdict, dataclass
from typing import Any

REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT, errno.ENOSYS})
"""What a system answers that does not let a process try at all.

``EACCES`` is our filter's and Landlock's, ``EPERM`` the macOS sandbox's, ``EAFNOSUPPORT`` that of systemd's
``RestrictAddressFamilies`` and of a kernel without the family, ``ENOSYS`` that of one without io_uring. An
unreachable network (``ENETUNREACH``) is no refusal: it may be back in a minute.
"""

_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})


@dataclass(frozen=True, slots=True)
class SandboxLock:
    """One lock.

    Attributes:
        name: what it is called on its system.
        on: it holds in this process.
        about: what it does; or, when it is off, why.
    """

    name: str
    on: bool
    about: str


@dataclass(frozen=True, slots=True)
class SelfTestAttempt:
    """One attempt to use the network, made to see what the system answers. Nothing is ever sent.

    Attributes:
        by: C or Python.
        what: what was tried.
        before: errno without the locks (0: it was let through), None when it was not tried without them.
        after: errno with the locks.
    """

    by: str
    what: str
    before: int | None
    after: int

    @property
    def refused(self) -> bool:
        return self.after in REFUSALS


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """What the kernel says about this process after the locks.

    Attributes:
        system: its name and release.
        machine: its processor architecture.
        threads: how many threads the process had.
        filtered: how many of them a seccomp filter holds (Linux).
        no_new_privileges: programs it starts gain no rights, so none can shed the filter (Linux).
        landlock: version of Landlock's interface, 0 without it (Linux).
    """

    system: str
    machine: str
    threads: int = 0
    filtered: int = 0
    no_new_privileges: bool = False
    landlock: int = 0


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """Python code that tried to use the network and was refused. Says where it is, never what it would have sent."""

    module: str
    line: int
    what: str
    times: int

    def __str__(self) -> str:
        times = f", {self.times} times" if self.times > 1 else ""
        return f"{self.module}, line {self.line} ({self.what}{times})"


@dataclass(frozen=True, slots=True)
class OfflineProof:
    """What locks this process is under, and what came of trying them.

    Attributes:
        locks: each of this system's, on or off.
        attempts: what was tried.
        open_sockets: network sockets that were open before the locks, and stay open.
        kernel: what the kernel says.
        took_ms: how long all of it took.
    """

    locks: tuple[SandboxLock, ...]
    attempts: tuple[SelfTestAttempt, ...]
    open_sockets: tuple[str, ...]
    kernel: KernelFacts
    took_ms: float

    @property
    def holds(self) -> bool:
        """Nothing in this process, C code included, can reach a network."""
        return not self.gaps

    @property
    def gaps(self) -> tuple[str, ...]:
        """What speaks against it, as sentences without a full stop."""
        let_through = [one for one in self.attempts if not one.refused]
        return (
            *(() if self.attempts else ("Nothing was tried",)),
            *(f"{one.what} from {one.by} is not refused: {describe_errno(one.after)}" for one in let_through),
            *(f"A network socket was open already: {one}" for one in self.open_sockets),
        )

    @property
    def summary(self) -> str:
        """One line for status: which locks are on, and which are off for what reason."""
        on = ", ".join(one.name for one in self.locks if one.on) or "no lock is on"
        off = "; ".join(f"{one.name} is off: {one.about}" for one in self.locks if not one.on)
        return f"{'offline' if self.holds else 'NOT PROVEN OFFLINE'}: {on}{f' ({off})' if off else ''}"

    def lock_states(self) -> dict[str, bool]:
        """Each lock and whether it is on, and the self-test and whether everything it tried was refused."""
        return {one.name: one.on for one in self.locks} | {"self-test": self.holds}

    def as_json(self) -> dict[str, Any]:
        """All of it for scripts, with names for numbers."""
        attempts = [
            {
                "by": one.by,
                "what": one.what,
                "before": None if one.before is None else describe_errno(one.before),
                "after": describe_errno(one.after),
                "refused": one.refused,
            }
            for one in self.attempts
        ]
        return {"offline": self.holds, "gaps": list(self.gaps), **asdict(self), "attempts": attempts}


def describe_errno(number: int) -> str:
    """What an errno says about an attempt, such as ``refused (EACCES)``."""
    if number == 0:
        return "let through"
    what = "refused" if number in REFUSALS else "no way there" if number in _UNREACHABLE else "let through"
    return f"{what} ({errno_name(number)})"


def errno_name(number: int) -> str:
    """The name of an errno."""
    return errno.errorcode.get(number, str(number))
