"""Tells what is wrong with a device, and when it is right again."""

from collections.abc import Callable

from voicemate.audio.devices.watchdog import DeviceCondition
from voicemate.audio.interfaces import HealthListener
from voicemate.core.errors import AudioError


class HealthReporter:
    """A device's listeners, who are told of each change once.

    Args:
        fault: what to tell of a condition that is not ``WORKING``.
    """

    def __init__(self, fault: Callable[[DeviceCondition], AudioError]):
        self._fault = fault
        self._listeners: list[HealthListener] = []
        self._told = DeviceCondition.WORKING

    def add_listener(self, listener: HealthListener) -> None:
        """Tell ``listener`` too, from the next change on."""
        self._listeners.append(listener)

    def reset(self) -> None:
        """The device was opened: it works until the contrary is seen."""
        self._told = DeviceCondition.WORKING

    def report(self, condition: DeviceCondition) -> None:
        """The device is in ``condition``."""
        if condition is self._told:
            return
        self._told = condition
        fault = None if condition is DeviceCondition.WORKING else self._fault(condition)
        for listener in self._listeners:
            listener(fault)
