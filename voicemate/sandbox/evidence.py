"""What ``voicemate doctor --offline`` shows beyond the proof: child processes, resolvers, network settings."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import voicemate
from voicemate.sandbox.locking import lock
from voicemate.sandbox.proof import OfflineProof, SelfTestAttempt, describe_errno

_CHILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
from voicemate.sandbox import self_test
json.dump(self_test.try_from_c(), sys.stdout)
"""

_CHILD_TIMEOUT_S = 30

_RESOLVERS = {
    "/run/systemd/resolve/io.systemd.Resolve": "systemd-resolved",
    "/run/nscd/socket": "nscd",
    "/run/avahi-daemon/socket": "Avahi",
}
"""Servers of this machine that look up names for any client of their Unix sockets (Linux)."""


@dataclass(frozen=True, slots=True)
class OfflineEvidence:
    """The evidence for being offline.

    Attributes:
        proof: of this process, which is locked now.
        child: attempts from C in a child process under the locks.
        resolvers: servers of this machine that C code, not Python, could still ask to look up a name.
        network_settings: settings that name a network server, which a conversation cannot reach.
    """

    proof: OfflineProof
    child: tuple[SelfTestAttempt, ...]
    resolvers: tuple[str, ...]
    network_settings: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Nothing in this process or its children can reach a network."""
        return self.proof.holds and bool(self.child) and all(one.refused for one in self.child)

    def as_json(self) -> dict[str, Any]:
        """All of it, for scripts."""
        child = [{"what": one.what, "after": describe_errno(one.after), "refused": one.refused} for one in self.child]
        rest = {"child": child, "resolvers": list(self.resolvers), "hindered": list(self.network_settings)}
        return self.proof.as_json() | {"offline": self.holds} | rest


def collect_evidence(sandbox: bool = True) -> OfflineEvidence:
    """Lock this process, permanently, and collect the evidence.

    Args:
        sandbox: as for ``lock``.
    """
    proof = lock(sandbox)
    resolvers = [name for path, name in _RESOLVERS.items() if _is_socket(Path(path))]
    return OfflineEvidence(
        proof, _try_from_child(), tuple(resolvers), find_network_settings(os.environ) if proof.holds else ()
    )


def find_network_settings(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the settings in ``environment`` that name a network, as sentences without a full stop."""
    found: list[str] = []
    servers = [server.rpartition("}")[2] for server in environment.get("PULSE_SERVER", "").split()]
    if not all(server.startswith(("/", "unix:")) for server in servers):  # a bare name means TCP too
        found.append("PULSE_SERVER names a sound server that is reached by TCP")
    if environment.get("DISPLAY", ":").partition(":")[0] not in ("", "unix"):
        found.append("DISPLAY names an X server that is reached by TCP (as `ssh -X` does)")
    return tuple(found)


def _try_from_child() -> tuple[SelfTestAttempt, ...]:
    """Return the attempts from C in a child process; empty if it could not be started."""
    command = [sys.executable, "-c", _CHILD, str(Path(voicemate.__file__).parents[1])]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_CHILD_TIMEOUT_S, check=True)
        tried: dict[str, int] = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()
    return tuple(SelfTestAttempt("a child's C", what, None, number) for what, number in tried.items())


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False
