"""The offline locks, put on as a conversation would put them on."""

import os
from collections.abc import Sequence

from voicemate import sandbox as offline
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.sandbox.evidence import find_network_settings
from voicemate.sandbox.proof import OfflineProof


def check_offline(ground: CheckContext) -> Sequence[Finding]:
    """Puts this process offline, for good, before it opens the microphone."""
    sandbox = ground.settings.offline.sandbox
    return assess_offline(offline.lock(sandbox), sandbox, find_network_settings(os.environ))


def assess_offline(proof: OfflineProof, sandbox: bool, hindered: Sequence[str]) -> list[Finding]:
    """Args:
    sandbox: the settings want the system's locks.
    hindered: what this machine is set to reach by a network, as sentences.
    """
    on = [lock.name for lock in proof.locks if lock.on]
    if proof.holds:
        found = [ok(f"Proven: nothing can be sent from here ({', '.join(on)})", locks=on)]
        found += [warning(f"{one}: a conversation cannot reach it", _BY_TCP) for one in hindered]
        return found
    why = f"{proof.gaps[0]}{f', and {len(proof.gaps) - 1} more' if len(proof.gaps) > 1 else ''}"
    if not sandbox:
        return [warning(f"Not proven, since `offline.sandbox = false`: {why}", _SANDBOX, locks=on)]
    return [problem(f"Not proven: {why}", "`voicemate doctor --offline` shows more", locks=on)]


_BY_TCP = "Use it on this machine, or `voicemate config set offline.sandbox false`"
_SANDBOX = "`voicemate config unset offline.sandbox` puts the system's locks on again"
