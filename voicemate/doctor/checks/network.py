"""The offline locks, applied as a conversation would apply them."""

import os
from collections.abc import Sequence

from voicemate import sandbox
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.sandbox.evidence import find_network_settings
from voicemate.sandbox.proof import OfflineProof

_UNREACHABLE_HINT = "Use it on this machine, or `voicemate config set offline.sandbox false`"
_SANDBOX_HINT = "`voicemate config unset offline.sandbox` turns the system's locks on again"


def check_offline(context: CheckContext) -> Sequence[Finding]:
    """Put this process offline for good, before it opens the microphone, and check that it is."""
    use_sandbox = context.settings.offline.sandbox
    return assess_offline(sandbox.lock(use_sandbox), use_sandbox, find_network_settings(os.environ))


def assess_offline(proof: OfflineProof, use_sandbox: bool, unreachable: Sequence[str]) -> list[Finding]:
    """Report whether the process is proven to be offline.

    Args:
        proof: what the locks and the attempts to break them gave.
        use_sandbox: the settings ask for the system's locks.
        unreachable: what this machine is configured to reach over a network, a sentence each.
    """
    locks = [lock.name for lock in proof.locks if lock.on]
    if proof.holds:
        found = [ok(f"Proven: nothing can be sent from this process ({', '.join(locks)})", locks=locks)]
        found += [warning(f"{each}: a conversation cannot reach it", _UNREACHABLE_HINT) for each in unreachable]
        return found
    reason = f"{proof.gaps[0]}{f', and {len(proof.gaps) - 1} more' if len(proof.gaps) > 1 else ''}"
    if not use_sandbox:
        return [warning(f"Not proven, since `offline.sandbox = false`: {reason}", _SANDBOX_HINT, locks=locks)]
    return [problem(f"Not proven: {reason}", "`voicemate doctor --offline` shows more", locks=locks)]
