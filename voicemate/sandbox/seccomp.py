"""Lock two on Linux, first half: a seccomp filter for every thread, inherited by every child.

No binding of libseccomp has wheels for every Python and processor that voicemate supports. See seccomp(2).
"""

import ctypes
import errno

from voicemate.sandbox.bpf import SYSCALL_ABIS, build_program
from voicemate.sandbox.linux_syscalls import Kernel, forbid_new_privileges
from voicemate.sandbox.proof import SandboxLock, errno_name

NAME = "seccomp filter"

_SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1
_ALL_THREADS = 1  # SECCOMP_FILTER_FLAG_TSYNC
_KEEP_SPECULATION = 4  # SECCOMP_FILTER_FLAG_SPEC_ALLOW


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def apply(kernel: Kernel, machine: str) -> SandboxLock:
    """Apply the filter to every thread of this process, permanently; return the outcome."""
    failure = _load(kernel, machine)
    return SandboxLock(NAME, not failure, failure or "C code and child processes too: only Unix sockets")


def _load(kernel: Kernel, machine: str) -> str:
    """Load the filter; return why it failed, or "".

    Up to Linux 5.15 a filter also disables the processor's speculation, which slows the models down. A flag keeps it
    enabled; kernels before 4.17 do not know the flag.
    """
    if machine not in SYSCALL_ABIS:
        return f"there is none for {machine} processors"
    refused = forbid_new_privileges(kernel)
    if refused:
        return refused
    instructions = build_program(machine)
    code = ctypes.create_string_buffer(b"".join(one.packed() for one in instructions))
    program = _Program(len(instructions), ctypes.addressof(code))
    answer = -errno.EINVAL
    for flags in (_ALL_THREADS | _KEEP_SPECULATION, _ALL_THREADS):
        answer = kernel.syscall(_SYS_SECCOMP[machine], _SET_MODE_FILTER, flags, ctypes.byref(program))
        if answer != -errno.EINVAL:
            break
    if answer > 0:
        return f"thread {answer} is under a filter of its own"
    return f"the kernel refuses it ({errno_name(-answer)})" if answer else ""
