"""Offline, provably: three locks that keep a conversation's process from every network.

1. An audit hook refuses what Python code tries, and tells who tried (``audit_hook.py``).
2. The operating system refuses what any code tries, C libraries and child processes too: a seccomp filter and
   Landlock on Linux (``seccomp.py``, ``landlock.py``), a sandbox profile on macOS (``seatbelt.py``).
3. A self-test tries to connect, before and after, and keeps what the system answered (``self_test.py``).

Unix sockets go on working: the sound server, the desktop and ``voicemate``'s own control socket are reached by them.
"""

from voicemate.sandbox.locking import current_proof, lock, refused_calls
from voicemate.sandbox.proof import OfflineProof

__all__ = ["OfflineProof", "current_proof", "lock", "refused_calls"]
