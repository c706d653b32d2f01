"""Screen lock and sleep on macOS, from a helper process.

The notifications arrive only on a main run loop, and the daemon's main thread runs asyncio. So
``macos_session_worker.py`` runs in its own process, which ends with this one.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from voicemate.system.machine_state import SystemEvent


class MacSessionSource:
    """A ``SystemEventSource``.

    Args:
        command: starts the helper.
    """

    def __init__(
        self, command: Sequence[str] = (sys.executable, "-m", "voicemate.system.macos_session_worker")
    ) -> None:
        self._command = command

    def start(self, report: Callable[[SystemEvent], None]) -> None:
        """See ``SystemEventSource``."""
        # The helper ends when its standard input is closed.
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        threading.Thread(target=self._follow, args=(report,), name="mac-session", daemon=True).start()

    def close(self) -> None:
        """See ``SystemEventSource``."""
        self._process.kill()
        self._process.wait()

    def _follow(self, report: Callable[[SystemEvent], None]) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            word = line.strip()
            if word in set(SystemEvent):
                report(SystemEvent(word))
