"""The helper process of ``macos_session.py``: prints a ``SystemEvent`` on a line for each notification.

Apple does not document the lock notifications; they have not changed for fifteen years.
"""

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from voicemate.system.machine_state import SystemEvent

DISTRIBUTED = {"com.apple.screenIsLocked": SystemEvent.LOCKED, "com.apple.screenIsUnlocked": SystemEvent.UNLOCKED}
WORKSPACE = {
    "NSWorkspaceWillSleepNotification": SystemEvent.SLEEPING,
    "NSWorkspaceDidWakeNotification": SystemEvent.WOKE,
}


def observe(distributed: Any, workspace: Any, tell: Callable[[SystemEvent], None]) -> list[Any]:
    """Have both notification centers call ``tell``; return the observers, which must be kept alive."""
    return [
        center.addObserverForName_object_queue_usingBlock_(name, None, None, lambda _, word=word: tell(word))
        for center, names in ((distributed, DISTRIBUTED), (workspace, WORKSPACE))
        for name, word in names.items()
    ]


def _tell(word: SystemEvent) -> None:
    print(word.value, flush=True)


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Report events until standard input is closed."""
    import AppKit  # type: ignore[import-not-found]
    import Foundation  # type: ignore[import-not-found]

    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    kept = observe(
        Foundation.NSDistributedNotificationCenter.defaultCenter(),
        AppKit.NSWorkspace.sharedWorkspace().notificationCenter(),
        _tell,
    )
    Foundation.NSRunLoop.currentRunLoop().run()
    del kept


if __name__ == "__main__":
    main()
