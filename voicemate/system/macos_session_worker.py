"""The helper process of ``macos_session.py``: prints a ``SystemEvent`` on a line for each notification.

Apple does not document the lock notifications; they have not changed for fifteen years.
"""

import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

from voicemate.system.machine_state import SystemEvent

DISTRIBUTED = {"com.apple.screenIsLocked": SystemEvent.LOCKED, "com.apple.screenIsUnlocked": SystemEvent.UNLOCKED}
WORKSPACE = {
    "NSWorkspaceWillSleepNotification": SystemEvent.SLEEPING,
    "NSWorkspaceDidWakeNotification": SystemEvent.WOKE,
}


def observe(distributed: Any, workspace: Any, report: Callable[[SystemEvent], None]) -> list[Any]:
    """Have both notification centers call ``report``; return the observers, which must be kept alive."""

    def block(event: SystemEvent) -> Callable[[Any], None]:
        return lambda _: report(event)

    return [
        center.addObserverForName_object_queue_usingBlock_(name, None, None, block(event))
        for center, events in ((distributed, DISTRIBUTED), (workspace, WORKSPACE))
        for name, event in events.items()
    ]


def _print(event: SystemEvent) -> None:
    print(event.value, flush=True)


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Report events until standard input is closed."""
    appkit: Any = import_module("AppKit")
    foundation: Any = import_module("Foundation")
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    kept = observe(
        foundation.NSDistributedNotificationCenter.defaultCenter(),
        appkit.NSWorkspace.sharedWorkspace().notificationCenter(),
        _print,
    )
    foundation.NSRunLoop.currentRunLoop().run()
    del kept


if __name__ == "__main__":
    main()
