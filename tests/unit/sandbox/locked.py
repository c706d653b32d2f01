"""Programs that run under the locks: they cannot be taken off again, so no test may put them on itself."""

import subprocess
import sys

LOCK = "from voicemate import sandbox; proof = sandbox.lock()\n"


def run(program: str, *, locked: bool = True, prefix: tuple[str, ...] = (), keep: tuple[int, ...] = ()) -> str:
    """What ``program`` (Python) prints, in a process of its own that goes offline first. Fails with its stderr.

    Args:
        prefix: words before the command.
        keep: descriptors that the process gets.
    """
    command = [*prefix, sys.executable, "-c", (LOCK if locked else "") + program]
    done = subprocess.run(command, pass_fds=keep, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
