"""Is told when devices come and go, so that nobody has to look.

PortAudio knows nothing of it: its list of devices is made when it is initialised, and stays. So the system's own word
is taken: PulseAudio's (PipeWire speaks it too) on Linux, Core Audio's on macOS. Where neither is at hand there is
none, and a device that comes back is found by the watchdog's next try.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable

from voicemate.audio.devices.device_changes import DevicesChanged, HotplugSource

DEBOUNCE_S = 0.2
"""One headset that is plugged in is told of several times, and can be opened only after the last of them."""

log = logging.getLogger(__name__)


class HotplugMonitor:
    """Hands a source's word to the loop, once the devices have settled. A context manager.

    Args:
        changed: called on the loop that enters.
        source: this system's own when left out; None where there is none.
    """

    def __init__(self, changed: Callable[[DevicesChanged], None], source: HotplugSource | None = None):
        self._changed = changed
        self._source = source
        self._settling: asyncio.TimerHandle | None = None
        self._moved = False

    def __enter__(self) -> "HotplugMonitor":
        self._loop = asyncio.get_running_loop()
        if self._source:
            try:
                self._source.start(self._from_any_thread)
            except OSError as error:
                log.info("nobody tells of devices that come and go: %s", error)
        return self

    def __exit__(self, *error: object) -> None:
        if self._source:
            self._source.close()
        if self._settling:
            self._settling.cancel()

    def _from_any_thread(self, told: DevicesChanged) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._stir, told)

    def _stir(self, told: DevicesChanged) -> None:
        self._moved = self._moved or told.default_changed
        if self._settling:
            self._settling.cancel()
        self._settling = self._loop.call_later(DEBOUNCE_S, self._settled)

    def _settled(self) -> None:
        self._settling = None
        moved, self._moved = self._moved, False
        self._changed(DevicesChanged(moved))


def platform_source() -> HotplugSource | None:
    """This system's word on its devices, if it has one that we can hear."""
    try:
        if sys.platform == "darwin":
            from voicemate.audio.devices.coreaudio import CoreAudioEvents

            return CoreAudioEvents()
        if sys.platform == "linux":
            from voicemate.audio.devices.pulseaudio import PulseAudioHotplug

            return PulseAudioHotplug()
    except (ImportError, OSError) as error:  # the system's library is not there
        log.info("nobody tells of devices that come and go: %s", error)
    return None
