import asyncio
import sys
import time
from collections.abc import Callable

import pytest

from voicemate.system.machine_monitor import (
    CLOCKS,
    POLL_S,
    MachineMonitor,
    SleepDetector,
    system_clock,
    system_event_source,
)
from voicemate.system.machine_state import MachineState, SystemEvent
from voicemate.system.macos_session import MacSessionSource
from voicemate.testing.virtual_time import run_virtual


class Machine:
    """A machine whose sleep, lock and battery the test controls."""

    def __init__(self, reports: bool = True):
        self.reports = reports
        self.battery: float | None = None
        self.asleep_s = 0.0
        self.told: list[MachineState] = []
        self.wakes = 0
        self.report: Callable[[SystemEvent], None] = lambda word: None

    def start(self, report: Callable[[SystemEvent], None]) -> None:
        if not self.reports:
            raise OSError("no event source")
        self.report = report

    def close(self) -> None:
        self.report = lambda word: None

    def watched(self) -> MachineMonitor:
        def woke() -> None:
            self.wakes += 1

        gauge = SleepDetector(lambda: 0.0, lambda: self.asleep_s)
        return MachineMonitor(self.told.append, woke, self, lambda: self.battery, gauge)


def test_each_system_event_is_reported_once() -> None:
    async def main() -> None:
        machine = Machine()
        with machine.watched():
            for word in (SystemEvent.LOCKED, SystemEvent.LOCKED, SystemEvent.UNLOCKED):
                machine.report(word)
                await asyncio.sleep(1)
            assert machine.told == [MachineState(locked=True), MachineState()]

    run_virtual(main())


def test_sleep_is_one_wake_event_whether_reported_or_detected() -> None:
    for reports in (True, False):

        async def main(reports: bool = reports) -> None:
            machine = Machine(reports)
            with machine.watched():
                await asyncio.sleep(15)
                machine.report(SystemEvent.SLEEPING)
                await asyncio.sleep(1)
                machine.asleep_s += 8 * 3600
                machine.report(SystemEvent.WOKE)
                await asyncio.sleep(3 * POLL_S)
                assert machine.wakes == 1
                assert not machine.told or not machine.told[-1].asleep

        run_virtual(main())


def test_the_battery_is_polled() -> None:
    async def main() -> None:
        machine = Machine()
        machine.battery = 50
        with machine.watched():
            machine.battery = 49
            await asyncio.sleep(POLL_S + 1)
            machine.battery = None
            await asyncio.sleep(POLL_S + 1)
        assert [now.battery_percent for now in machine.told] == [50, 49, None]

    run_virtual(main())


def test_clock_jitter_is_no_sleep() -> None:
    readings = iter([0.0, 0.5, 0.9, 30.0, 30.4])
    gauge = SleepDetector(lambda: 0.0, lambda: next(readings))
    assert [gauge.seconds_slept() for _ in range(4)] == [0.0, 0.0, 29.1, 0.0]


def test_this_machine_has_both_clocks() -> None:
    for name in CLOCKS:
        assert hasattr(time, name)
        assert system_clock(name)() > 0
    assert SleepDetector().seconds_slept() == 0.0


def test_macos_has_its_own_event_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert isinstance(system_event_source(), MacSessionSource)
