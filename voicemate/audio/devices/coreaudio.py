"""Core Audio's notifications about devices, and about the default device.

Listeners are registered at the system object (AudioHardware.h). Core Audio calls them on a thread of its own once the
HAL was asked to use one (``kAudioHardwarePropertyRunLoop`` set to none), since a daemon has no main run loop.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from voicemate.audio.devices.device import DevicesChanged

FRAMEWORK = "/System/Library/Frameworks/CoreAudio.framework/CoreAudio"

SYSTEM_OBJECT = 1


def _code(name: str) -> int:
    """A four-character code."""
    return int.from_bytes(name.encode("ascii"), "big")


DEVICES, DEFAULT_INPUT, DEFAULT_OUTPUT, RUN_LOOP = _code("dev#"), _code("dIn "), _code("dOut"), _code("rnlp")
_GLOBAL, _MAIN = _code("glob"), 0


class PropertyAddress(ctypes.Structure):
    """``AudioObjectPropertyAddress``."""

    _fields_ = [("selector", ctypes.c_uint32), ("scope", ctypes.c_uint32), ("element", ctypes.c_uint32)]


PropertyListener = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_uint32, ctypes.c_uint32, ctypes.POINTER(PropertyAddress), ctypes.c_void_p
)
"""``AudioObjectPropertyListenerProc``."""


class CoreAudioHotplug:
    """A ``HotplugSource``.

    Args:
        library: replaces the Core Audio framework.

    Raises:
        OSError: it is not there.
    """

    def __init__(self, library: Any = None) -> None:
        self._library = library if library is not None else ctypes.CDLL(FRAMEWORK)
        self._listener = PropertyListener(self._on_property_change)  # kept for as long as Core Audio may call it
        self._addresses: list[PropertyAddress] = []

    def start(self, on_change: Callable[[DevicesChanged], None]) -> None:
        """See ``HotplugSource.start``."""
        self._on_change = on_change
        none = ctypes.c_void_p(None)
        run_loop = PropertyAddress(RUN_LOOP, _GLOBAL, _MAIN)
        self._library.AudioObjectSetPropertyData(
            SYSTEM_OBJECT, ctypes.byref(run_loop), 0, None, ctypes.sizeof(none), ctypes.byref(none)
        )
        for selector in (DEVICES, DEFAULT_INPUT, DEFAULT_OUTPUT):
            address = PropertyAddress(selector, _GLOBAL, _MAIN)
            if self._library.AudioObjectAddPropertyListener(
                SYSTEM_OBJECT, ctypes.byref(address), self._listener, None
            ):
                raise OSError("Core Audio refuses the listener")
            self._addresses.append(address)

    def close(self) -> None:
        """See ``HotplugSource.close``."""
        for address in self._addresses:
            self._library.AudioObjectRemovePropertyListener(
                SYSTEM_OBJECT, ctypes.byref(address), self._listener, None
            )
        self._addresses.clear()

    def _on_property_change(self, _object: int, count: int, addresses: Any, _data: Any) -> int:
        selectors = {addresses[place].selector for place in range(count)}
        self._on_change(DevicesChanged(default_changed=bool(selectors & {DEFAULT_INPUT, DEFAULT_OUTPUT})))
        return 0
