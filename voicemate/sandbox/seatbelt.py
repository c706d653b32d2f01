"""Lock two on macOS: a sandbox profile that denies every network but Unix sockets, also to child processes.

``sandbox_init`` is deprecated and undocumented in this use, and what browsers and build tools still do. It takes a
profile as text; in it, later rules win. A process that is in a sandbox already cannot enter another.

Looking up names goes over a Unix socket on macOS: mDNSResponder asks the network on behalf of whoever writes to it.
So that one socket is denied again, and with it the services that look up names and fetch addresses for others.
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
    """The system's library.

    Raises:
        OSError: this is no macOS, or one without it.
    """
    return cast(SandboxLibrary, ctypes.CDLL("/usr/lib/libsandbox.1.dylib"))


def apply(library: SandboxLibrary) -> SandboxLock:
    """Put this process under the profile, for good; tells what came of it."""
    library.sandbox_init.argtypes = (ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_char_p))
    library.sandbox_init.restype = ctypes.c_int
    library.sandbox_free_error.argtypes = (ctypes.c_char_p,)
    wrong = ctypes.c_char_p()
    if library.sandbox_init(PROFILE.encode(), 0, ctypes.byref(wrong)) == 0:
        return SandboxLock(NAME, True, "C code and child processes too: only Unix sockets, no names looked up")
    why = wrong.value.decode("utf-8", "replace").strip() if wrong.value else "no reason given"
    if wrong:
        library.sandbox_free_error(wrong)
    return SandboxLock(NAME, False, f"macOS refuses it ({why})")
