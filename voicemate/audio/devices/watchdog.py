"""Is a device alive? A pure state machine over what it delivers and a clock in seconds.

Two faults show in what a device delivers and in nothing else: callbacks that stop (sleep and wake, a restarted sound
server, a lost device), and bit-exact zeros (a refused permission, a muted microphone, a route that died). They are
not equally certain. A device whose callbacks stopped is broken, and one that cannot be brought back ends the stream.
Zeros may be all that a muted microphone, a noise gate or a virtual device has to deliver: they are reported, and
where zeros mean that a stream died they are a reason to reopen it, but they never end anything. A device that went to
zeros and came back by itself does so regularly, and is given far longer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from voicemate.audio.interfaces import HealthListener
from voicemate.core.backoff import Backoff
from voicemate.core.errors import AudioError


class DeviceCondition(StrEnum):
    """What state a device is in."""

    WORKING = "working"
    STALLED = "stalled"  # its callbacks stopped
    SILENT = "silent"  # it delivers bit-exact zeros
    GONE = "gone"  # it could not be opened again


class WatchdogAction(StrEnum):
    """What to do now."""

    WAIT = "wait"
    REOPEN = "reopen"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class WatchdogLimits:
    """All times in seconds.

    Attributes:
        start_timeout_s: how long a stream that was just opened may take to its first callback (Bluetooth: up to 3 s).
        stall_timeout_s: after that, no callback for this long is a fault.
        silence_s: zeros for this long are a fault; None for never.
        gated_silence_s: the same for a device that came back from zeros by itself.
        reopen_on_silence: zeros are a reason to reopen the device.
        first_backoff_s, max_backoff_s: from a failed attempt to reopen it to the next; it doubles.
        max_attempts: after so many in a row, a device that is not silent but dead is given up; None for never.
        recovered_after_s: a device that delivers for this long has recovered: the attempts start again.
    """

    start_timeout_s: float = 4.0
    stall_timeout_s: float = 1.5
    silence_s: float | None = 2.0
    gated_silence_s: float = 120.0
    reopen_on_silence: bool = False
    first_backoff_s: float = 0.25
    max_backoff_s: float = 4.0
    max_attempts: int | None = 12
    recovered_after_s: float = 4.0


MIN_GATE_S = 0.5
"""Zeros for this long (s) that end by themselves are a gate or a mute, and no accident of a converter."""


class Watchdog:
    """Watches one device through all its streams.

    Args:
        limits: when the device counts as faulty.
        now: seconds on any monotonic clock, the same for all calls.

    Attributes:
        condition: as of the latest call.
    """

    def __init__(self, limits: WatchdogLimits, now: float) -> None:
        self._limits = limits
        self.condition = DeviceCondition.WORKING
        self._opened = now
        self._last_callback: float | None = None  # of the stream
        self._last_signal: float | None = None  # its newest sample that was not zero
        self._ended = False
        self._closed_by_rescan = False
        self._gated = False
        self._backoff = Backoff(limits.first_backoff_s, limits.max_backoff_s)
        self._next_attempt = now

    def opened(self, now: float) -> None:
        """A stream was opened. The condition stays until the stream delivers something."""
        self._opened, self._last_callback, self._last_signal = now, None, None
        self._ended = self._closed_by_rescan = False
        self._next_attempt = now + max(self._limits.start_timeout_s, self._backoff.delay_s)

    def open_failed(self, now: float) -> None:
        """The device could not be opened."""
        self.condition = DeviceCondition.GONE
        self._next_attempt = now + self._backoff.delay_s

    def ended(self) -> None:
        """The stream ended by itself; what it still delivers is no sign of life."""
        self.condition = DeviceCondition.STALLED
        self._ended = True
        self._next_attempt = min(self._next_attempt, self._opened + self._backoff.delay_s)  # nothing more will come

    def closed_by_rescan(self) -> None:
        """The stream was closed because of another device: it is to be reopened, and nothing is wrong with it."""
        self._closed_by_rescan = True

    def callback_received(self, now: float, has_signal: bool) -> None:
        """A callback came; ``has_signal``: not all its samples were zero."""
        if self._ended:
            return
        self._last_callback = now
        if has_signal:
            self._gated = self._gated or (self._last_signal is not None and now - self._last_signal >= MIN_GATE_S)
            self._last_signal = now
        if has_signal or self.condition is not DeviceCondition.SILENT:
            self.condition = DeviceCondition.WORKING
        if self.condition is DeviceCondition.WORKING and now - self._opened >= self._limits.recovered_after_s:
            self._backoff.reset()

    def check(self, now: float) -> WatchdogAction:
        """What to do at ``now``; to be called a few times a second."""
        if self._closed_by_rescan:
            self._closed_by_rescan = False
            return WatchdogAction.REOPEN
        if self.condition in (DeviceCondition.WORKING, DeviceCondition.SILENT):
            if self._stalled(now):
                self.condition = DeviceCondition.STALLED
            elif self._silent_too_long(now):
                self.condition = DeviceCondition.SILENT
        if self.condition is DeviceCondition.WORKING:
            self._next_attempt = now
            return WatchdogAction.WAIT
        if self.condition is DeviceCondition.SILENT and not self._limits.reopen_on_silence:
            return WatchdogAction.WAIT
        return self._reopen_or_wait(now)

    def retry(self, now: float) -> None:
        """Devices were connected or removed: one that could not be opened may be there now, and is tried at once."""
        if self.condition is DeviceCondition.GONE:
            self._backoff.reset()
            self._next_attempt = now

    def reset_attempts(self) -> None:
        """A device that was given up is needed: its attempts start again."""
        if self._all_attempts_failed():
            self._backoff.reset()
            self._next_attempt = self._opened

    def _stalled(self, now: float) -> bool:
        if self._last_callback is None:
            return now - self._opened >= self._limits.start_timeout_s
        return now - self._last_callback >= self._limits.stall_timeout_s

    def _silent_too_long(self, now: float) -> bool:
        if self._limits.silence_s is None or self._last_callback is None:
            return False
        limit = self._limits.gated_silence_s if self._gated else self._limits.silence_s
        return now - (self._opened if self._last_signal is None else self._last_signal) >= limit

    def _reopen_or_wait(self, now: float) -> WatchdogAction:
        if now < self._next_attempt:
            return WatchdogAction.WAIT
        if self._all_attempts_failed():
            silent = self.condition is DeviceCondition.SILENT
            return WatchdogAction.WAIT if silent else WatchdogAction.GIVE_UP
        self._backoff.attempt()
        return WatchdogAction.REOPEN

    def _all_attempts_failed(self) -> bool:
        return self._limits.max_attempts is not None and self._backoff.attempts >= self._limits.max_attempts


class HealthReporter:
    """Reports each change of a device's condition to its listeners, once.

    Args:
        fault: makes the error of a condition that is not ``WORKING``.
    """

    def __init__(self, fault: Callable[[DeviceCondition], AudioError]) -> None:
        self._fault = fault
        self._listeners: list[HealthListener] = []
        self._reported = DeviceCondition.WORKING

    def add_listener(self, listener: HealthListener) -> None:
        """Report to ``listener`` too, from the next change on."""
        self._listeners.append(listener)

    def reset(self) -> None:
        """The device was opened: it works until something shows that it does not."""
        self._reported = DeviceCondition.WORKING

    def report(self, condition: DeviceCondition) -> None:
        """Report that the device is in ``condition``, if that is new."""
        if condition is self._reported:
            return
        self._reported = condition
        fault = None if condition is DeviceCondition.WORKING else self._fault(condition)
        for listener in self._listeners:
            listener(fault)
