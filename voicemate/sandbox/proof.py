"""The proof of the locks: plain data for the status and ``voicemate doctor``."""

import errno
from dataclasses import asdict, dataclass
from typing import Any

REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT, errno.ENOSYS})
"""Errnos of a system that refuses an attempt.

``EACCES`` comes from our filter and Landlock, ``EPERM`` from the macOS sandbox, ``EAFNOSUPPORT`` from systemd's
``RestrictAddressFamilies`` or a kernel without the family, ``ENOSYS`` from a kernel without io_uring. An unreachable
network (``ENETUNREACH``) is no refusal: it may be reachable in a minute.
"""

_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})


@dataclass(frozen=True, slots=True)
class SandboxLock:
    """One lock.

    Attributes:
        name: of the mechanism.
        on: it holds in this process.
        about: what it does, or why it is off.
    """

    name: str
    on: bool
    about: str


@dataclass(frozen=True, slots=True)
class SelfTestAttempt:
    """An attempt to use the network. Nothing is sent.

    Attributes:
        by: C or Python.
        what: was tried.
        before: errno without the locks, 0 for success; None if it was not tried without them.
        after: errno with the locks.
    """

    by: str
    what: str
    before: int | None
    after: int

    @property
    def refused(self) -> bool:
        """Whether the system refused it."""
        return self.after in REFUSALS


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """This process after the locks, according to the kernel.

    Attributes:
        system: name and release.
        machine: processor architecture.
        threads: of this process.
        filtered: those of them with a seccomp filter (Linux).
        no_new_privileges: child programs gain no privileges, so none can drop the filter (Linux).
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
    """Python code whose attempt to use the network was refused: where it is, not what it would have sent."""

    module: str
    line: int
    what: str
    times: int

    def __str__(self) -> str:
        times = f", {self.times} times" if self.times > 1 else ""
        return f"{self.module}, line {self.line} ({self.what}{times})"


@dataclass(frozen=True, slots=True)
class OfflineProof:
    """The locks of this process, and the results of the self-test.

    Attributes:
        locks: on or off.
        attempts: of the self-test.
        open_sockets: network sockets from before the locks, which stay open.
        kernel: its facts about the process.
        took_ms: duration of locking and testing.
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
        """The reasons why it does not hold, as sentences without a full stop."""
        let_through = [one for one in self.attempts if not one.refused]
        return (
            *(() if self.attempts else ("Nothing was tried",)),
            *(f"{one.what} from {one.by} is not refused: {describe_errno(one.after)}" for one in let_through),
            *(f"A network socket was open already: {one}" for one in self.open_sockets),
        )

    @property
    def summary(self) -> str:
        """One line: the locks that are on, and those that are off with the reason."""
        on = ", ".join(one.name for one in self.locks if one.on) or "no lock is on"
        off = "; ".join(f"{one.name} is off: {one.about}" for one in self.locks if not one.on)
        return f"{'offline' if self.holds else 'NOT PROVEN OFFLINE'}: {on}{f' ({off})' if off else ''}"

    def as_json(self) -> dict[str, Any]:
        """All of it, for scripts, with names for errnos."""
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
    """Describe the result of an attempt, such as ``refused (EACCES)``."""
    if number == 0:
        return "let through"
    what = "refused" if number in REFUSALS else "no way there" if number in _UNREACHABLE else "let through"
    return f"{what} ({errno_name(number)})"


def errno_name(number: int) -> str:
    """Return the name of an errno."""
    return errno.errorcode.get(number, str(number))
