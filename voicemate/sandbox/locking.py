"""Applies the locks, once, and keeps the proof."""

import os
import platform
import sys
import time

from voicemate.sandbox import audit_hook, landlock, seatbelt, seccomp, self_test
from voicemate.sandbox.linux_syscalls import LinuxKernel
from voicemate.sandbox.process_facts import kernel_facts, open_network_sockets
from voicemate.sandbox.proof import OfflineProof, RefusedCall, SandboxLock

ENVIRONMENT = {
    # Libraries would otherwise query a model hub.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # systemd's resolver would look names up for C code over its Unix socket (nss-resolve(8)).
    "SYSTEMD_NSS_RESOLVE_NETWORK": "0",
    # PulseAudio's library would start a missing sound server under the locks: it would serve every program, and
    # receive no device events from the kernel (pulse-client.conf(5)).
    "PULSE_BINARY": "/bin/false",
}
"""Set for this process and its children, to prevent attempts by libraries."""

_refused_calls = audit_hook.RefusedCalls()
_proof: OfflineProof | None = None


def lock(sandbox: bool = True) -> OfflineProof:
    """Lock this process and all its future children off the network, permanently, and prove it.

    Call it early, on the main thread, while there are few threads. It takes some milliseconds. A second call returns
    the first proof. A lock that the system lacks or refuses raises nothing; it is off in the proof, with the reason.

    Args:
        sandbox: use the operating system's locks too, not only Python's.
    """
    global _proof
    if _proof is None:
        _proof = _locked(sandbox)
    return _proof


def current_proof() -> OfflineProof | None:
    """Return the proof of ``lock``; None before it was called."""
    return _proof


def refused_calls() -> tuple[RefusedCall, ...]:
    """Return the Python calls that were refused since ``lock``."""
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
    """Install the audit hook and test it."""
    audit_hook.install(_refused_calls)
    tried = self_test.try_from_python()
    on = bool(_refused_calls.all())  # it has recorded those attempts
    _refused_calls.clear()
    about = "Python code: only Unix sockets, no names looked up" if on else "another audit hook keeps it out"
    return SandboxLock("audit hook", on, about), tried


def system_locks() -> tuple[SandboxLock, ...]:
    """Apply the operating system's locks; return the outcome of each."""
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
    """Return the processor, with the mode that this Python runs in."""
    return platform.machine() if sys.maxsize > 2**32 else f"32-bit {platform.machine()}"
