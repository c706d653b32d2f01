"""Lock two on Linux, second half: Landlock refuses TCP on every socket.

A seccomp filter checks where sockets are created; it does not see one that was open before, or that another process
passes over a Unix socket. Landlock checks the connection itself. It applies to the calling thread and all that it
starts later. See landlock(7); TCP since Linux 6.7 (version 4 of the interface).
"""

import ctypes
import os

from voicemate.sandbox.linux_syscalls import Kernel, forbid_new_privileges
from voicemate.sandbox.proof import SandboxLock, errno_name

NAME = "Landlock"

# The same on every architecture; include/uapi/linux/landlock.h
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_ASK_VERSION = 1
_BIND_TCP, _CONNECT_TCP = 1, 2
_VERSION_WITH_TCP = 4


class _Ruleset(ctypes.Structure):
    """``struct landlock_ruleset_attr`` as of version 4: what is forbidden unless a rule allows it."""

    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


def version(kernel: Kernel) -> int:
    """Return the version of the kernel's interface; 0 if it has none or it is disabled."""
    return max(0, kernel.syscall(_CREATE_RULESET, 0, 0, _ASK_VERSION))


def apply(kernel: Kernel) -> SandboxLock:
    """Forbid all TCP to this thread, permanently; return the outcome."""
    failure = _restrict(kernel)
    return SandboxLock(NAME, not failure, failure or "no TCP, also on sockets from before or from elsewhere")


def _restrict(kernel: Kernel) -> str:
    """Apply the rules; return why it failed, or ""."""
    known = version(kernel)
    if not known:
        return "this kernel does not have it"
    if known < _VERSION_WITH_TCP:
        return f"it knows TCP since Linux 6.7, and this kernel's is version {known}"
    refused = forbid_new_privileges(kernel)
    if refused:
        return refused
    rules = _Ruleset(network=_BIND_TCP | _CONNECT_TCP)
    ruleset = kernel.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.sizeof(rules), 0)
    if ruleset < 0:
        return f"the kernel refuses the rules ({errno_name(-ruleset)})"
    try:
        failed = kernel.syscall(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return f"the kernel refuses to restrict itself ({errno_name(-failed)})" if failed else ""
