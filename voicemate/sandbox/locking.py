"""Turns the locks on, once, and keeps the proof."""

import os
import platform
import sys
import time

from voicemate.sandbox import audit_hook, landlock, seatbelt, seccomp, self_test
from voicemate.sandbox.linux_syscalls import LinuxKernel
from voicemate.sandbox.process_facts import kernel_facts, open_network_sockets
from voicemate.sandbox.proof import OfflineProof, RefusedCall, SandboxLock

ENVIRONMENT = {
    # Libraries that would otherwise ask a model hub for news.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # systemd's resolver would look names up for C code that asks it over its Unix socket (nss-resolve(8)).
    "SYSTEMD_NSS_RESOLVE_NETWORK": "0",
    # A sound server that PulseAudio's library starts because none runs would be under the locks too, with every
    # other program's sound, and without the kernel's word of new devices (pulse-client.conf(5)).
    "PULSE_BINARY": "/bin/false",
}
"""Set for this process and its children, so that libraries do not even try."""

_refused_calls = audit_hook.RefusedCalls()
_proof: OfflineProof | None = None


def lock(sandbox: bool = True) -> OfflineProof:
    """Put this process and all its future children offline, for good, and prove it.

    A second call changes nothing and gives the first proof. To be called early, while there are few threads, on the
    main thread, after everything that needs the network. Takes a few milliseconds. Never raises for a lock that the
    system does not have or refuses: that one is off in the proof, with the reason.

    Args:
        sandbox: also use the operating system's locks, not only Python's.
    """
    global _proof
    if _proof is None:
        _proof = _locked(sandbox)
    return _proof


def current_proof() -> OfflineProof | None:
    """What ``lock`` found, None before it was called."""
    return _proof


def refused_calls() -> tuple[RefusedCall, ...]:
    """Python code that has been refused since ``lock``."""
    return _refused_calls.all()


def _locked(sandbox: bool) -> OfflineProof:
    started = time.perf_counter()
    open_before, before = open_network_sockets(), self_test.try_from_c()
    os.environ.update(ENVIRONMENT)
    hook, python = _python_lock()
    locks = (hook, *(system_locks() if sandbox else (SandboxLock("system sandbox", False, "your settings say so"),)))
    tried = self_test.compare(before, self_test.try_from_c(), python)
    facts = kernel_facts(landlock.version(LinuxKernel()) if sys.platform == "linux" else 0)
    return OfflineProof(locks, tried, open_before, facts, (time.perf_counter() - started) * 1000)


def _python_lock() -> tuple[SandboxLock, self_test.AttemptErrnos]:
    """The audit hook, and what came of trying it."""
    audit_hook.install(_refused_calls)
    tried = self_test.try_from_python()
    on = bool(_refused_calls.all())  # it saw those attempts
    _refused_calls.clear()
    about = "Python code: only Unix sockets, no names looked up" if on else "another audit hook keeps it out"
    return SandboxLock("audit hook", on, about), tried


def system_locks() -> tuple[SandboxLock, ...]:
    """Put the operating system's locks on; tells what came of each."""
    if sys.platform == "linux":
        kernel = LinuxKernel()
        return seccomp.apply(kernel, _machine()), landlock.apply(kernel)
    if sys.platform == "darwin":
        try:
            return (seatbelt.apply(seatbelt.load_library()),)
        except (OSError, AttributeError) as error:
            return (SandboxLock(seatbelt.NAME, False, f"this macOS does not have it ({error})"),)
    return (SandboxLock("system sandbox", False, f"voicemate knows none on {platform.system()}"),)


def _machine() -> str:
    """The processor in the mode that this Python runs in."""
    return platform.machine() if sys.maxsize > 2**32 else f"32-bit {platform.machine()}"
