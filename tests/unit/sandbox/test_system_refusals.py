"""A system without a lock, or that refuses it: the lock is off, with the reason."""

import ctypes
import errno
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.sandbox.locked import run
from voicemate.sandbox import landlock, seatbelt, seccomp

SECCOMP, LANDLOCK_CREATE, LANDLOCK_RESTRICT = 317, 444, 446


class ScriptedKernel:
    """A kernel with scripted results; other calls succeed."""

    def __init__(self, answers: dict[int, Sequence[int]], prctl: int = 0):
        self._answers = {number: list(several) for number, several in answers.items()}
        self._prctl = prctl
        self.calls: list[tuple[int, ...]] = []

    def prctl(self, option: int, value: int) -> int:
        return self._prctl

    def syscall(self, number: int, *arguments: Any) -> int:
        self.calls.append((number, *(one for one in arguments if isinstance(one, int))))
        return self._answers[number].pop(0) if self._answers.get(number) else 0


def test_a_processor_without_a_filter_is_reported() -> None:
    lock = seccomp.apply(ScriptedKernel({}), "riscv64")
    assert not lock.on
    assert "riscv64" in lock.about


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (-errno.ENOSYS, "ENOSYS"),  # an old kernel, or a container's own kernel
        (-errno.EPERM, "EPERM"),  # a container that forbids it
        (-errno.EACCES, "EACCES"),
        (4711, "thread 4711"),
    ],
)
def test_a_refused_filter_is_reported(answer: int, told: str) -> None:
    kernel = ScriptedKernel({SECCOMP: [answer]})
    lock = seccomp.apply(kernel, "x86_64")
    assert not lock.on
    assert told in lock.about
    assert len(kernel.calls) == 1, "what was refused is not asked for again"


def test_a_kernel_without_the_speculation_flag_gets_the_filter_without_it() -> None:
    kernel = ScriptedKernel({SECCOMP: [-errno.EINVAL, 0]})
    assert seccomp.apply(kernel, "x86_64").on
    assert [flags for _, _, flags in kernel.calls] == [5, 1]


def test_a_kernel_without_filters_is_reported() -> None:
    lock = seccomp.apply(ScriptedKernel({SECCOMP: [-errno.EINVAL, -errno.EINVAL]}), "x86_64")
    assert not lock.on
    assert "EINVAL" in lock.about


def test_without_no_new_privs_no_lock_is_tried() -> None:
    kernel = ScriptedKernel({LANDLOCK_CREATE: [7]}, prctl=-errno.EPERM)
    for lock in (seccomp.apply(kernel, "x86_64"), landlock.apply(kernel)):
        assert not lock.on
        assert "EPERM" in lock.about
    assert SECCOMP not in [number for number, *_ in kernel.calls]


@pytest.mark.parametrize(
    ("answer", "told"),
    [(-errno.ENOSYS, "does not have it"), (-errno.EOPNOTSUPP, "does not have it"), (3, "version 3")],
)
def test_a_landlock_without_tcp_is_reported(answer: int, told: str) -> None:
    lock = landlock.apply(ScriptedKernel({LANDLOCK_CREATE: [answer]}))
    assert not lock.on
    assert told in lock.about


def test_a_refused_restriction_is_reported_and_closes_the_ruleset() -> None:
    rules = os.open(os.devnull, os.O_RDONLY)
    lock = landlock.apply(ScriptedKernel({LANDLOCK_CREATE: [4, rules], LANDLOCK_RESTRICT: [-errno.E2BIG]}))
    assert not lock.on
    assert "E2BIG" in lock.about
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(rules)


class Sandboxed:
    """macOS's libsandbox. Its functions are ctypes functions: they have ``argtypes``, so these are objects too."""

    def __init__(self, wrong: bytes | None = None, code: int = 0):
        sandbox = self
        self.entered: list[str] = []
        self.freed = 0

        class Init:
            def __call__(self, profile: bytes, flags: int, error: Any) -> int:
                sandbox.entered.append(profile.decode())
                error._obj.value = wrong
                return code

        class Free:
            def __call__(self, error: ctypes.c_char_p) -> None:
                sandbox.freed += 1

        self.sandbox_init, self.sandbox_free_error = Init(), Free()


def test_the_mac_profile_allows_unix_sockets_except_the_resolver() -> None:
    library = Sandboxed()
    assert seatbelt.apply(library).on
    (profile,) = library.entered
    rules = profile.splitlines()
    assert rules[:2] == ["(version 1)", "(allow default)"]
    order = [next(i for i, rule in enumerate(rules) if part in rule) for part in ("deny network*", "unix", "mDNS")]
    assert order == sorted(order), "later rules win"
    assert all(profile.count(bracket) == profile.count("(") for bracket in ")")
    assert library.freed == 0


@pytest.mark.parametrize("wrong", [b"sandbox already applied\n", None])
def test_a_refused_profile_is_reported(wrong: bytes | None) -> None:
    library = Sandboxed(wrong, code=-1)
    lock = seatbelt.apply(library)
    assert not lock.on
    assert ("already applied" if wrong else "no reason") in lock.about
    assert library.freed == (1 if wrong else 0)


linux = pytest.mark.skipif(sys.platform != "linux", reason="seccomp and Landlock are Linux's")

REFUSING_KERNEL = """
# Simulates a kernel without seccomp(2) and Landlock, as in some containers, by a filter.
import ctypes, errno, json, platform, sys
from voicemate.sandbox import seccomp
from voicemate.sandbox.linux_syscalls import LinuxKernel
from voicemate.sandbox.bpf import ALLOW, FAIL, IF_EQUAL, LOAD, RETURN, Instruction
kernel = LinuxKernel()
refuse = [Instruction(LOAD, 0)]
for number in (seccomp._SYS_SECCOMP[platform.machine()], 444):
    refuse += [Instruction(IF_EQUAL, number, jump_false=1), Instruction(RETURN, FAIL | errno.EPERM)]
refuse.append(Instruction(RETURN, ALLOW))
seccomp.build_program = lambda machine: tuple(refuse)
assert seccomp.apply(kernel, platform.machine()).on
from voicemate import sandbox
json.dump(sandbox.lock().as_json() | {"summary": sandbox.lock().summary}, sys.stdout)
"""


@linux
def test_without_system_locks_the_audit_hook_is_on() -> None:
    told = json.loads(run(REFUSING_KERNEL, locked=False))
    assert [lock["on"] for lock in told["locks"]] == [True, False, False]
    assert "EPERM" in told["locks"][1]["about"]
    assert told["offline"] is False
    assert any("TCP to this machine from C" in gap for gap in told["gaps"])
    assert told["summary"].startswith("NOT PROVEN OFFLINE: audit hook (seccomp filter is off")


def test_with_the_sandbox_setting_off_the_audit_hook_is_on() -> None:
    told = json.loads(
        run(
            "import json, sys; from voicemate import sandbox\n"
            "json.dump(sandbox.lock(sandbox=False).as_json(), sys.stdout)",
            locked=False,
        )
    )
    assert [lock["on"] for lock in told["locks"]] == [True, False]
    assert told["offline"] is False
    assert "settings" in told["locks"][1]["about"]
