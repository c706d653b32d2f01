"""Notifications about devices that are connected or removed, so that nothing has to poll for them.

PortAudio does not notify: it lists the devices when it is initialised, and the list stays as it is. So the system's
own notifications are used: PulseAudio's (PipeWire sends them too) on Linux, Core Audio's on macOS. Where there are
none, a device that comes back is found by the watchdog's next attempt.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from typing import Self

from voicemate.audio.devices.device import DevicesChanged, HotplugSource

DEBOUNCE_S = 0.2
"""One headset that is plugged in causes several notifications, and can be opened only after the last of them."""

log = logging.getLogger(__name__)


class HotplugMonitor:
    """Reports a source's notifications on the loop, once they have settled. A context manager.

    Args:
        on_change: called on the loop that enters.
        source: None where the system does not notify (see ``platform_source``).
    """

    def __init__(self, on_change: Callable[[DevicesChanged], None], source: HotplugSource | None = None) -> None:
        self._on_change = on_change
        self._source = source
        self._debounce: asyncio.TimerHandle | None = None
        self._default_changed = False

    def __enter__(self) -> Self:
        """Start to listen."""
        self._loop = asyncio.get_running_loop()
        if self._source:
            try:
                self._source.start(self._from_any_thread)
            except OSError as error:
                log.info("the system does not notify about devices: %s", error)
        return self

    def __exit__(self, *error: object) -> None:
        """Stop listening."""
        if self._source:
            self._source.close()
        if self._debounce:
            self._debounce.cancel()

    def _from_any_thread(self, change: DevicesChanged) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._restart_debounce, change)

    def _restart_debounce(self, change: DevicesChanged) -> None:
        self._default_changed = self._default_changed or change.default_changed
        if self._debounce:
            self._debounce.cancel()
        self._debounce = self._loop.call_later(DEBOUNCE_S, self._emit)

    def _emit(self) -> None:
        self._debounce = None
        default_changed, self._default_changed = self._default_changed, False
        self._on_change(DevicesChanged(default_changed))


def platform_source() -> HotplugSource | None:
    """This system's notifications, if it has any that can be received."""
    try:
        if sys.platform == "darwin":
            from voicemate.audio.devices.coreaudio import CoreAudioHotplug

            return CoreAudioHotplug()
        if sys.platform == "linux":
            from voicemate.audio.devices.pulseaudio import PulseAudioHotplug

            return PulseAudioHotplug()
    except (ImportError, OSError) as error:  # the system's library is not there
        log.info("the system does not notify about devices: %s", error)
    return None
