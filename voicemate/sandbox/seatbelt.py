"""Lock two on macOS: a sandbox profile that denies all networks but Unix sockets, to child processes too.

``sandbox_init`` is deprecated and undocumented in this use, but browsers and build tools use it. It takes a profile
as text, in which later rules win. A process in a sandbox cannot enter another.

macOS looks up names over a Unix socket: mDNSResponder queries the network on behalf of its clients. So that socket is
denied again, and the services that look up names and fetch addresses for others.
"""

import ctypes
from typing import Any, Protocol, cast

from voicemate.sandbox.proof import SandboxLock

NAME = "sandbox profile"

PROFILE = """(version 1)
(allow default)
(deny network*)
(allow network* (local unix-socket))
(allow network* (remote unix-socket))
(deny network-outbound (literal "/private/var/run/mDNSResponder"))
(deny mach-lookup (global-name "com.apple.dnssd.service") (global-name "com.apple.nsurlsessiond"))
"""


class SandboxLibrary(Protocol):
    """macOS's libsandbox, as ctypes loads it."""

    sandbox_init: Any
    sandbox_free_error: Any


def load_library() -> SandboxLibrary:
    """Load libsandbox.

    Raises:
        OSError: this system does not have it.
    """
    return cast(SandboxLibrary, ctypes.CDLL("/usr/lib/libsandbox.1.dylib"))


def apply(library: SandboxLibrary) -> SandboxLock:
    """Apply the profile to this process, permanently; return the outcome."""
    library.sandbox_init.argtypes = (ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_char_p))
    library.sandbox_init.restype = ctypes.c_int
    library.sandbox_free_error.argtypes = (ctypes.c_char_p,)
    error = ctypes.c_char_p()
    if library.sandbox_init(PROFILE.encode(), 0, ctypes.byref(error)) == 0:
        return SandboxLock(NAME, True, "C code and child processes too: only Unix sockets, no names looked up")
    reason = error.value.decode("utf-8", "replace").strip() if error.value else "no reason given"
    if error:
        library.sandbox_free_error(error)
    return SandboxLock(NAME, False, f"macOS refuses it ({reason})")
