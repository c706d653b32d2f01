"""Core Audio's word on devices that come and go, and on the default device.

Listeners are registered at the system object (AudioHardware.h). Core Audio calls them on a thread of its own, as long
as the HAL is told to use one (``kAudioHardwarePropertyRunLoop`` set to none), since a daemon has no main run loop.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from voicemate.audio.devices.device_changes import DevicesChanged

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
    """A ``Source``.

    Args:
        library: what to use for Core Audio.

    Raises:
        OSError: it is not there.
    """

    def __init__(self, library: Any = None):
        self._library = library if library is not None else ctypes.CDLL(FRAMEWORK)
        self._listener = PropertyListener(self._happened)  # referenced for as long as Core Audio may call it
        self._addresses: list[PropertyAddress] = []

    def start(self, on_change: Callable[[DevicesChanged], None]) -> None:
        self._tell = on_change
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
                raise OSError("Core Audio takes no listener")
            self._addresses.append(address)

    def close(self) -> None:
        for address in self._addresses:
            self._library.AudioObjectRemovePropertyListener(
                SYSTEM_OBJECT, ctypes.byref(address), self._listener, None
            )
        self._addresses.clear()

    def _happened(self, _object: int, count: int, addresses: Any, _data: Any) -> int:
        told = {addresses[place].selector for place in range(count)}
        self._tell(DevicesChanged(default_changed=bool(told & {DEFAULT_INPUT, DEFAULT_OUTPUT})))
        return 0
