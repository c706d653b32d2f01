"""Keeps an eye on what the machine is in."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from voicemate.system.circumstances import Circumstances, Told
from voicemate.system.power import battery_left
from voicemate.system.sleeping import SleepGauge

LOOK_S = 10.0
"""How often the battery and the clocks are looked at: neither tells by itself."""

log = logging.getLogger(__name__)


class Source(Protocol):
    """A system's word on its own life."""

    def start(self, tell: Callable[[Told], None]) -> None:
        """Call ``tell`` from any thread, from now on.

        Raises:
            OSError: the system tells us nothing.
        """
        ...

    def close(self) -> None:
        """Tell nothing more."""
        ...


class Surroundings:
    """Tells of changes on the loop that enters. A context manager.

    Args:
        changed: called with what the machine is in, when that changes.
        woke: called when it has slept.
        source: None where the system tells nothing.
        battery: percent that are left, as in ``Circumstances``.
        gauge: of the machine's sleep.
    """

    def __init__(
        self,
        changed: Callable[[Circumstances], None],
        woke: Callable[[], None],
        source: Source | None,
        battery: Callable[[], float | None] = battery_left,
        gauge: SleepGauge | None = None,
    ):
        self._changed = changed
        self._woke = woke
        self._source = source
        self._battery = battery
        self._gauge = gauge or SleepGauge()
        self._now = Circumstances()

    def __enter__(self) -> "Surroundings":
        self._loop = asyncio.get_running_loop()
        if self._source:
            try:
                self._source.start(self._from_any_thread)
            except OSError as error:
                log.info("nobody tells of the screen's lock: %s", error)
                self._source = None
        self._look()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        if self._source:
            self._source.close()

    def _from_any_thread(self, told: Told) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._take, told)

    def _take(self, told: Told) -> None:
        self._update(self._now.after(told))
        if told is Told.WOKE:
            self._gauge.slept()  # not to be told of twice
            self._woke()

    def _look(self) -> None:
        self._timer = self._loop.call_later(LOOK_S, self._look)
        self._update(replace(self._now, battery=self._battery()))
        if self._gauge.slept():
            self._take(Told.WOKE)

    def _update(self, now: Circumstances) -> None:
        if now != self._now:
            self._now = now
            self._changed(now)


def system_source() -> Source | None:
    """This system's word on its own life, if it has one that we can hear."""
    if sys.platform == "darwin":
        from voicemate.system.macos_session import MacSession

        return MacSession()
    try:
        from voicemate.system.logind import Logind
    except ImportError:
        return None
    return Logind()
