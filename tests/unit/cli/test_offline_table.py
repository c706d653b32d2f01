"""``voicemate doctor --offline``: the evidence as users and scripts see it."""

import errno
import io
import json
import subprocess
import sys

from rich.console import Console

from voicemate.cli.render.offline_table import _show
from voicemate.sandbox.evidence import OfflineEvidence
from voicemate.sandbox.proof import KernelFacts, OfflineProof, SandboxLock, SelfTestAttempt

KERNEL = KernelFacts("Linux 6.1", "x86_64", threads=4, filtered=0)


def shown(found: OfflineEvidence) -> str:
    text = io.StringIO()
    _show(found, Console(file=text, width=100))
    return text.getvalue()


def test_a_lock_that_is_off_is_shown_with_its_reason() -> None:
    locks = (
        SandboxLock("audit hook", True, "Python code"),
        SandboxLock("seccomp filter", False, "the kernel refuses it (EPERM)"),
    )
    tried = (SelfTestAttempt("C", "TCP to this machine", 0, errno.ECONNREFUSED),)
    text = shown(OfflineEvidence(OfflineProof(locks, tried, (), KERNEL, 3.0), (), ("systemd-resolved",), ()))
    assert text.startswith("NOT PROVEN OFFLINE")
    assert "the kernel refuses it (EPERM)" in text
    assert "TCP to this machine from C is not refused: let through (ECONNREFUSED)." in text
    assert "No child process could be started" in text
    assert "systemd-resolved" in text


def test_json_is_one_object_with_an_exit_code() -> None:
    command = [sys.executable, "-m", "voicemate", "doctor", "--offline", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["offline"] else 1), done.stderr
    assert report["locks"][0] == {
        "name": "audit hook",
        "on": True,
        "about": "Python code: only Unix sockets, no names looked up",
    }
    assert {one["what"] for one in report["child"]} >= {"TCP to this machine", "UDP to 192.0.2.1"}
    assert all(one["refused"] for one in report["attempts"] if one["by"] == "Python")
