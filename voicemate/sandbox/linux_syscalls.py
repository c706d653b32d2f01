"""Linux system calls for which the C library has no functions. Failures are negative errnos."""

import ctypes
from typing import Any, Protocol

from voicemate.sandbox.proof import errno_name

_PR_SET_NO_NEW_PRIVS = 38  # include/uapi/linux/prctl.h


class Kernel(Protocol):
    """The system calls that the locks need."""

    def prctl(self, option: int, value: int) -> int:
        """Set an option of the process, as documented for Linux."""
        ...

    def syscall(self, number: int, *arguments: Any) -> int:
        """Make any system call. Integers are passed as 64 bits, buffers as ctypes references."""
        ...


class LinuxKernel:
    """The running kernel."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.syscall.restype = ctypes.c_long

    def prctl(self, option: int, value: int) -> int:
        """See ``Kernel``."""
        return self._result(self._libc.prctl(option, *(ctypes.c_ulong(word) for word in (value, 0, 0, 0))))

    def syscall(self, number: int, *arguments: Any) -> int:
        """See ``Kernel``."""
        words = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
        return self._result(self._libc.syscall(ctypes.c_long(number), *words))

    def _result(self, returned: int) -> int:
        return -ctypes.get_errno() if returned == -1 else returned


def forbid_new_privileges(kernel: Kernel) -> str:
    """Keep all child programs from gaining privileges, as unprivileged locks require.

    Returns why the kernel refused, or "".
    """
    failed = kernel.prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return f"the kernel refuses no_new_privs ({errno_name(-failed)})" if failed else ""
