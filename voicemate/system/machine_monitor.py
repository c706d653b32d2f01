"""Monitors screen lock, sleep and battery, and reports changes on the event loop."""

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from voicemate.system.machine_state import MachineState, SystemEvent
from voicemate.system.power import battery_percent

POLL_S = 10.0
"""Seconds between two checks of the battery and the clocks, which report nothing themselves."""

log = logging.getLogger(__name__)

CLOCKS = (
    ("CLOCK_UPTIME_RAW", "CLOCK_MONOTONIC") if sys.platform == "darwin" else ("CLOCK_MONOTONIC", "CLOCK_BOOTTIME")
)
"""A clock that stops during sleep and one that does not (clock_gettime(2) of both systems)."""

NOTICED_S = 1.0
"""Seconds; less is the jitter of reading two clocks."""


class SystemEventSource(Protocol):
    """Reports the system's lock and sleep events."""

    def start(self, report: Callable[[SystemEvent], None]) -> None:
        """Call ``report`` from any thread, from now on.

        Raises:
            OSError: the system reports no events.
        """

    def close(self) -> None:
        """Report no more events."""


def system_clock(name: str) -> Callable[[], float]:
    """Return a reader of one of the system's clocks in seconds; always 0 where there is no such clock."""
    clock = getattr(time, name, None)
    return (lambda: 0.0) if clock is None else (lambda: time.clock_gettime(clock))


class SleepDetector:
    """Detects sleep by two clocks: one that stops during sleep and one that does not.

    Setting the wall clock does not affect it.

    Args:
        awake: seconds on a clock that stops during sleep; the system's by default.
        whole: seconds on one that does not.
    """

    def __init__(self, awake: Callable[[], float] | None = None, whole: Callable[[], float] | None = None) -> None:
        self._awake = awake or system_clock(CLOCKS[0])
        self._whole = whole or system_clock(CLOCKS[1])
        self._asleep = self._whole() - self._awake()

    def seconds_slept(self) -> float:
        """Return the seconds slept since the last call, or since creation; 0.0 for clock jitter."""
        before, self._asleep = self._asleep, self._whole() - self._awake()
        seconds = self._asleep - before
        return seconds if seconds >= NOTICED_S else 0.0


class MachineMonitor:
    """Reports changes on the event loop that enters it. A context manager.

    Args:
        changed: called with the new state of the machine.
        woke: called after the machine has slept.
        source: None where the system reports no events.
        battery: percent left, as in ``MachineState``.
        sleep_detector: detects sleep by the clocks.
    """

    def __init__(
        self,
        changed: Callable[[MachineState], None],
        woke: Callable[[], None],
        source: SystemEventSource | None,
        battery: Callable[[], float | None] = battery_percent,
        sleep_detector: SleepDetector | None = None,
    ) -> None:
        self._changed = changed
        self._woke = woke
        self._source = source
        self._battery = battery
        self._sleep_detector = sleep_detector or SleepDetector()
        self._machine = MachineState()

    def __enter__(self) -> "MachineMonitor":
        self._loop = asyncio.get_running_loop()
        if self._source:
            try:
                self._source.start(self._from_any_thread)
            except OSError as error:
                log.info("the system reports no screen lock or sleep: %s", error)
                self._source = None
        self._poll()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        if self._source:
            self._source.close()

    def _from_any_thread(self, event: SystemEvent) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._on_event, event)

    def _on_event(self, event: SystemEvent) -> None:
        self._update(self._machine.after(event))
        if event is SystemEvent.WOKE:
            self._sleep_detector.seconds_slept()  # or the clocks would report it again
            self._woke()

    def _poll(self) -> None:
        self._timer = self._loop.call_later(POLL_S, self._poll)
        self._update(replace(self._machine, battery_percent=self._battery()))
        if self._sleep_detector.seconds_slept():
            self._on_event(SystemEvent.WOKE)

    def _update(self, now: MachineState) -> None:
        if now != self._machine:
            self._machine = now
            self._changed(now)


def system_event_source() -> SystemEventSource | None:
    """Return this platform's event source, if there is one."""
    if sys.platform == "darwin":
        from voicemate.system.macos_session import MacSessionSource

        return MacSessionSource()
    try:
        from voicemate.system.logind import LogindSource
    except ImportError:
        return None
    return LogindSource()
