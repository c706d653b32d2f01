"""macOS's word on the screen's lock and on sleep, from a helper process.

The notifications come on a main run loop only, and the daemon's main thread runs asyncio. So
``macos_session_worker.py`` has a process of its own, which ends with ours.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from voicemate.system.machine_state import SystemEvent


class MacSessionSource:
    """A ``Source``.

    Args:
        command: of the helper.
    """

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "voicemate.system.macos_session_worker")):
        self._command = command

    def start(self, tell: Callable[[SystemEvent], None]) -> None:
        # Its standard input is never written to: the helper ends when it is closed.
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=self._follow, args=(tell,), name="mac-session", daemon=True).start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _follow(self, tell: Callable[[SystemEvent], None]) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            word = line.strip()
            if word in set(SystemEvent):
                tell(SystemEvent(word))
