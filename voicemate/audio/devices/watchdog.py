"""Is a device alive? A pure state machine over what it delivers and a clock in seconds.

Two faults show themselves in what a device delivers and in nothing else: callbacks that stop (sleep and wake, a
restarted sound server, a lost device), and bit-exact zeros (a refused permission, a muted microphone, a route that
died). They are not equally sure. A device whose callbacks stopped is broken, and one that cannot be brought back
ends the stream. Zeros may be all that a muted microphone, a noise gate or a virtual device has to say: they are
reported, and on systems where zeros mean that a stream died they are a reason to reopen it, but they never end
anything. A device that fell into zeros and came back from them by itself does that for a living, and is given far
longer.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeviceCondition(StrEnum):
    """What is the matter with a device."""

    WORKING = "working"
    STALLED = "stalled"  # its callbacks stopped
    SILENT = "silent"  # it delivers bit-exact zeros
    GONE = "gone"  # it could not be opened again


class WatchdogAction(StrEnum):
    """What to do now."""

    WAIT = "wait"
    REOPEN = "rebuild"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class WatchdogLimits:
    """All times in seconds.

    Attributes:
        start_s: a stream that was just opened may take this long to its first callback (Bluetooth: up to 3 s).
        stall_s: after that, no callback for this long is a fault.
        silence_s: zeros for this long are a fault; None for never.
        gated_silence_s: the same for a device that came back from zeros by itself.
        rebuild_on_silence: zeros are a reason to reopen the device.
        first_backoff_s, longest_backoff_s: from a failed try to reopen it to the next; it doubles.
        tries: after so many in a row, a device that is not silent but dead is given up; None for never.
        steady_s: a device that delivers for this long has recovered: the tries count anew.
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


GATE_S = 0.5
"""Zeros this long that end by themselves are a gate or a mute, not a converter's chance."""


class Watchdog:
    """Watches one device through all its streams.

    Args:
        limits: when to worry.
        now: seconds on any monotonic clock, the same for all calls.
    """

    def __init__(self, limits: WatchdogLimits, now: float):
        self._limits = limits
        self.condition = DeviceCondition.WORKING
        self._opened = now
        self._heard: float | None = None  # the stream's latest callback
        self._sound: float | None = None  # its latest sample that was not zero
        self._ended = False
        self._displaced = False
        self._gated = False
        self._tries = 0
        self._next_try = now

    def opened(self, now: float) -> None:
        """A stream was opened. The condition stays until the stream shows what it is worth."""
        self._opened, self._heard, self._sound = now, None, None
        self._ended = self._displaced = False
        self._next_try = now + max(self._limits.start_timeout_s, self._backoff())

    def open_failed(self, now: float) -> None:
        """The device could not be opened."""
        self.condition = DeviceCondition.GONE
        self._next_try = now + self._backoff()

    def ended(self) -> None:
        """The stream ended by itself; what it still had to deliver is no sign of life."""
        self.condition = DeviceCondition.STALLED
        self._ended = True
        self._next_try = min(self._next_try, self._opened + self._backoff())  # nothing more is to be waited for

    def closed_by_rescan(self) -> None:
        """The stream was closed for another device's sake: it is to be rebuilt, and nothing is wrong with it."""
        self._displaced = True

    def callback_received(self, now: float, has_signal: bool) -> None:
        """A callback came; ``sound`` tells that not all its samples were zero."""
        if self._ended:
            return
        self._heard = now
        if has_signal:
            self._gated = self._gated or (self._sound is not None and now - self._sound >= GATE_S)
            self._sound = now
        if has_signal or self.condition is not DeviceCondition.SILENT:
            self.condition = DeviceCondition.WORKING
        if self.condition is DeviceCondition.WORKING and now - self._opened >= self._limits.recovered_after_s:
            self._tries = 0

    def check(self, now: float) -> WatchdogAction:
        """What to do at ``now``; call it a few times a second."""
        if self._displaced:
            self._displaced = False
            return WatchdogAction.REOPEN
        if self.condition in (DeviceCondition.WORKING, DeviceCondition.SILENT):
            if self._stalled(now):
                self.condition = DeviceCondition.STALLED
            elif self._zeros_too_long(now):
                self.condition = DeviceCondition.SILENT
        if self.condition is DeviceCondition.WORKING:
            self._next_try = now
            return WatchdogAction.WAIT
        if self.condition is DeviceCondition.SILENT and not self._limits.reopen_on_silence:
            return WatchdogAction.WAIT
        return self._rebuild_or_not(now)

    def retry(self, now: float) -> None:
        """Devices have come or gone: one that could not be opened may be there now, and is tried at once."""
        if self.condition is DeviceCondition.GONE:
            self._tries = 0
            self._next_try = now

    def reset_attempts(self) -> None:
        """Somebody needs a device that was given up: the tries count anew."""
        if self._limits.max_attempts is not None and self._tries >= self._limits.max_attempts:
            self._tries = 0
            self._next_try = self._opened

    def _stalled(self, now: float) -> bool:
        if self._heard is None:
            return now - self._opened >= self._limits.start_timeout_s
        return now - self._heard >= self._limits.stall_timeout_s

    def _zeros_too_long(self, now: float) -> bool:
        if self._limits.silence_s is None or self._heard is None:
            return False
        limit = self._limits.gated_silence_s if self._gated else self._limits.silence_s
        return now - (self._opened if self._sound is None else self._sound) >= limit

    def _rebuild_or_not(self, now: float) -> WatchdogAction:
        if now < self._next_try:
            return WatchdogAction.WAIT
        if self._limits.max_attempts is not None and self._tries >= self._limits.max_attempts:
            return WatchdogAction.WAIT if self.condition is DeviceCondition.SILENT else WatchdogAction.GIVE_UP
        self._tries += 1
        return WatchdogAction.REOPEN

    def _backoff(self) -> float:
        backoff = self._limits.first_backoff_s * 2 ** max(0, self._tries - 1)
        return min(backoff, self._limits.max_backoff_s)
