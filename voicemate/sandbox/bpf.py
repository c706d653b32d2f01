"""Builds the seccomp filter, a program for the kernel's classic BPF machine. Pure.

The program reads the number of a system call, its processor mode and its numeric arguments
(``struct seccomp_data``, include/uapi/linux/seccomp.h), and returns an action. It cannot follow pointers, so it
refuses where the family of a socket is a number: where the socket is created.

Refused with ``EACCES``:

- ``socket`` and ``socketpair`` of any family but ``AF_UNIX``;
- ``io_uring_setup``, ``_enter`` and ``_register``, whose operations bypass any filter;
- ``pidfd_getfd``, which copies a socket from another process;
- 32-bit x86's ``socketcall``, whose family is behind a pointer (C libraries use ``socket`` since Linux 4.3);
- everything in an unknown processor mode.

System calls in x86's x32 mode fail with ``ENOSYS``, as on most kernels.
"""

import errno
import socket
import struct
from dataclasses import dataclass

# struct seccomp_data, on little-endian machines the low half of the first argument
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16

# include/uapi/linux/bpf_common.h
LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

# include/uapi/linux/seccomp.h
ALLOW = 0x7FFF0000
FAIL = 0x00050000  # with the errno in its low 16 bits

_IO_URING = (425, 427)  # setup, enter and register: the same on every architecture
_PIDFD_GETFD = 438  # the same on every architecture
_X32 = 0x40000000  # __X32_SYSCALL_BIT


@dataclass(frozen=True, slots=True)
class SyscallAbi:
    """The system calls of one processor mode.

    Attributes:
        audit: the ``AUDIT_ARCH_`` number (include/uapi/linux/audit.h).
        socket, socketpair: numbers of these calls.
        socketcall: number of the call that multiplexes them; None without one.
        x32: it has a second set of numbers.
    """

    audit: int
    socket: int
    socketpair: int
    socketcall: int | None = None
    x32: bool = False


SYSCALL_ABIS = {
    "x86_64": (
        SyscallAbi(audit=0xC000003E, socket=41, socketpair=53, x32=True),
        SyscallAbi(audit=0x40000003, socket=359, socketpair=360, socketcall=102),  # i386
    ),
    "aarch64": (
        SyscallAbi(audit=0xC00000B7, socket=198, socketpair=199),
        SyscallAbi(audit=0x40000028, socket=281, socketpair=288),  # 32-bit arm
    ),
}
"""The modes of each machine, the native one first, by the name of ``uname -m``. All are little-endian."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """``struct sock_filter``: a code, its operand, and the instructions to skip if true or false."""

    code: int
    operand: int
    jump_true: int = 0
    jump_false: int = 0

    def packed(self) -> bytes:
        """Return the instruction as the kernel's struct."""
        return struct.pack("=HBBI", self.code, self.jump_true, self.jump_false, self.operand)


def build_program(machine: str) -> tuple[Instruction, ...]:
    """Return the filter for ``machine``, a name of ``uname -m``.

    Raises:
        KeyError: its system calls are unknown.
    """
    blocks = [_block(mode) for mode in SYSCALL_ABIS[machine]]
    instructions = [Instruction(LOAD, ARCHITECTURE)]
    for mode, block in zip(SYSCALL_ABIS[machine], blocks, strict=True):
        instructions += [Instruction(IF_EQUAL, mode.audit, jump_false=len(block)), *block]
    return (*instructions, _fail(errno.EACCES))


def _block(mode: SyscallAbi) -> list[Instruction]:
    """Return the instructions for a system call of ``mode``; they always end in a return."""
    block = [Instruction(LOAD, NUMBER)]
    if mode.x32:
        block += [Instruction(IF_AT_LEAST, _X32, jump_false=1), _fail(errno.ENOSYS)]
    for number in (_PIDFD_GETFD, *range(_IO_URING[0], _IO_URING[1] + 1), mode.socketcall):
        if number is not None:
            block += [Instruction(IF_EQUAL, number, jump_false=1), _fail(errno.EACCES)]
    return [
        *block,
        Instruction(IF_EQUAL, mode.socket, jump_true=2),
        Instruction(IF_EQUAL, mode.socketpair, jump_true=1),
        Instruction(RETURN, ALLOW),
        Instruction(LOAD, FIRST_ARGUMENT),
        Instruction(IF_EQUAL, socket.AF_UNIX, jump_false=1),
        Instruction(RETURN, ALLOW),
        _fail(errno.EACCES),
    ]


def _fail(number: int) -> Instruction:
    return Instruction(RETURN, FAIL | number)
