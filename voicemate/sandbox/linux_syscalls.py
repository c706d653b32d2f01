"""The Linux kernel's own calls, past the C library, which has no functions for them. Failures are negative errnos."""

import ctypes
from typing import Any, Protocol

from voicemate.sandbox.proof import errno_name

_PR_SET_NO_NEW_PRIVS = 38  # include/uapi/linux/prctl.h


class Kernel(Protocol):
    """What the locks need of the kernel; tests put kernels behind it that refuse."""

    def prctl(self, option: int, value: int) -> int: ...

    def syscall(self, number: int, *arguments: Any) -> int:
        """Integers go as 64 bits; buffers as ctypes objects passed by reference."""
        ...


class LinuxKernel:
    """The kernel underneath."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.syscall.restype = ctypes.c_long

    def prctl(self, option: int, value: int) -> int:
        return self._result(self._libc.prctl(option, *(ctypes.c_ulong(word) for word in (value, 0, 0, 0))))

    def syscall(self, number: int, *arguments: Any) -> int:
        words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
        return self._result(self._libc.syscall(ctypes.c_long(number), *words))

    def _result(self, returned: int) -> int:
        return -ctypes.get_errno() if returned == -1 else returned


def forbid_new_privileges(kernel: Kernel) -> str:
    """From now on no program that this process starts gains rights, as locks without privileges demand.

    Returns why the kernel refuses it, empty when it is done.
    """
    failed = kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return f"the kernel refuses no_new_privs ({errno_name(-failed)})" if failed else ""
