"""Runs programs under the locks, in their own process, since locks cannot be removed."""

import subprocess
import sys

LOCK = "from voicemate import sandbox; proof = sandbox.lock()\n"


def run(program: str, *, locked: bool = True, prefix: tuple[str, ...] = (), keep: tuple[int, ...] = ()) -> str:
    """Run ``program`` (Python) in a new process, locked first; return its output. Fails with its stderr.

    Args:
        prefix: words before the command.
        keep: descriptors that the process gets.
    """
    command = [*prefix, sys.executable, "-c", (LOCK if locked else "") + program]
    done = subprocess.run(command, pass_fds=keep, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
