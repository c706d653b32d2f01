"""Three locks that keep a conversation's process off every network, with proof.

1. An audit hook refuses the attempts of Python code, and records the caller (``audit_hook.py``).
2. The operating system refuses the attempts of all code, in C and in child processes too: a seccomp filter and
   Landlock on Linux (``seccomp.py``, ``landlock.py``), a sandbox profile on macOS (``seatbelt.py``).
3. A self-test tries to connect before and after, and records the results (``self_test.py``).

Unix sockets keep working: the sound server, the desktop and the control socket need them.
"""

from voicemate.sandbox.locking import current_proof, lock, refused_calls
from voicemate.sandbox.proof import OfflineProof

__all__ = ["OfflineProof", "current_proof", "lock", "refused_calls"]
