"""macOS's notifications, with fakes for AppKit and the helper process."""

import queue
import sys
from collections.abc import Callable

from voicemate.system.machine_state import SystemEvent
from voicemate.system.macos_session import MacSessionSource
from voicemate.system.macos_session_worker import observe


class FakeCenter:
    def __init__(self) -> None:
        self.blocks: dict[str, Callable[[object], None]] = {}

    def addObserverForName_object_queue_usingBlock_(self, name, sender, at, block) -> object:
        self.blocks[name] = block
        return object()

    def post(self, name: str) -> None:
        self.blocks[name](object())


def test_each_notification_has_its_event() -> None:
    told: list[SystemEvent] = []
    distributed, workspace = FakeCenter(), FakeCenter()
    kept = observe(distributed, workspace, told.append)
    distributed.post("com.apple.screenIsLocked")
    workspace.post("NSWorkspaceWillSleepNotification")
    workspace.post("NSWorkspaceDidWakeNotification")
    distributed.post("com.apple.screenIsUnlocked")
    assert told == [SystemEvent.LOCKED, SystemEvent.SLEEPING, SystemEvent.WOKE, SystemEvent.UNLOCKED]
    assert len(kept) == 4


HELPER = """
import sys
print("locked", flush=True)
print("2026-11-22 Python[42] some library says something", flush=True)
print("unlocked", flush=True)
sys.stdin.read()
"""


def test_the_helpers_events_are_reported_and_other_output_ignored() -> None:
    told: queue.Queue[SystemEvent] = queue.Queue()
    session = MacSessionSource((sys.executable, "-c", HELPER))
    session.start(told.put)
    assert [told.get(timeout=20), told.get(timeout=20)] == [SystemEvent.LOCKED, SystemEvent.UNLOCKED]
    session.close()
    assert told.empty()
