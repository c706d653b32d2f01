"""Carbon's hotkeys, as much of them as one chord needs, by ctypes.

``RegisterEventHotKey`` needs no permission, works while a password is typed (secure input), keeps the chord from the
program in front, and tells of press and release. It wants an event loop on the main thread, so all this lives in a
process of its own (``carbon_worker.py``). Constants are those of CarbonEvents.h and CarbonEventsCore.h.
"""

import ctypes
from collections.abc import Callable
from ctypes import POINTER, byref, c_bool, c_int32, c_uint16, c_uint32, c_ulong, c_void_p
from typing import Any, Protocol

NO_ERROR, NOT_HANDLED = 0, -9874
ALREADY_REGISTERED, INVALID = -9878, -9868
"""``eventHotKeyExistsErr``; and ``eventHotKeyInvalidErr``, which macOS 15.0 gives for option without ctrl or cmd."""


def four_char_code(code: str) -> int:
    """A four-letter code as Carbon's headers write it."""
    return int.from_bytes(code.encode("ascii"), "big")


KEYBOARD, PRESSED, RELEASED = four_char_code("keyb"), 5, 6
DIRECT_OBJECT, HOTKEY_ID = four_char_code("----"), four_char_code("hkid")
SIGNATURE, NUMBER = four_char_code("vcmt"), 1
_HARDWARE = 1  # kCGEventSourceStateHIDSystemState: the keyboard itself, whatever programs pretend


class EventType(ctypes.Structure):
    """``EventTypeSpec``."""

    _fields_ = (("family", c_uint32), ("kind", c_uint32))


class HotkeyId(ctypes.Structure):
    """``EventHotKeyID``."""

    _fields_ = (("signature", c_uint32), ("number", c_uint32))


CarbonHandler = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)


class MacApi(Protocol):
    """What the chord needs of macOS.

    Attributes:
        carbon: the Carbon framework, its functions as ctypes gives them.
    """

    carbon: Any

    def key_is_down(self, code: int) -> bool:
        """Whether the real key is down; without permission every key may seem to be up."""
        ...

    def run(self) -> None:
        """Run the main thread's event loop, for good."""
        ...


class RegistrationError(Exception):
    """macOS refuses the chord.

    Args:
        status: Carbon's code.
    """

    def __init__(self, status: int):
        super().__init__(status)
        self.status = status


class CarbonHotkey:
    """One registered chord. Make it on the main thread.

    Args:
        changed: called with True when the chord is pressed and False when its key comes up, on the main thread.

    Raises:
        Refused: another program has it, or macOS does not allow it.
    """

    def __init__(self, mac: MacApi, code: int, modifiers: int, on_change: Callable[[bool], None]):
        self._carbon = mac.carbon
        self._on_change = on_change
        self._handler = CarbonHandler(self._handle)  # Carbon does not keep it alive
        target = self._carbon.GetEventDispatcherTarget()
        kinds = (EventType * 2)(EventType(KEYBOARD, PRESSED), EventType(KEYBOARD, RELEASED))
        _check(self._carbon.InstallEventHandler(target, self._handler, 2, kinds, None, None))
        self._hotkey = c_void_p()
        mine = HotkeyId(SIGNATURE, NUMBER)
        _check(self._carbon.RegisterEventHotKey(code, modifiers, mine, target, 0, byref(self._hotkey)))

    def _handle(self, _call: Any, event: Any, _data: Any) -> int:
        """Carbon's own callback: events that are not ours are for the next handler."""
        found = HotkeyId()
        size = ctypes.sizeof(found)
        status = self._carbon.GetEventParameter(event, DIRECT_OBJECT, HOTKEY_ID, None, size, None, byref(found))
        if status != NO_ERROR or (found.signature, found.number) != (SIGNATURE, NUMBER):
            return NOT_HANDLED
        kind = self._carbon.GetEventKind(event)
        if kind not in (PRESSED, RELEASED):
            return NOT_HANDLED
        self._on_change(kind == PRESSED)
        return NO_ERROR


def _check(status: int) -> None:
    if status != NO_ERROR:
        raise RegistrationError(status)


class SystemMacApi:
    """macOS itself."""

    def __init__(self) -> None:
        frameworks = "/System/Library/Frameworks"
        self.carbon = _with_signatures(ctypes.CDLL(f"{frameworks}/Carbon.framework/Carbon"))
        graphics = ctypes.CDLL(f"{frameworks}/CoreGraphics.framework/CoreGraphics")
        self._key_state = graphics.CGEventSourceKeyState
        self._key_state.argtypes, self._key_state.restype = (c_int32, c_uint16), c_bool

    def key_is_down(self, code: int) -> bool:
        return bool(self._key_state(_HARDWARE, code))

    def run(self) -> None:
        """Be an application without a Dock icon: hotkeys reach no process that is none."""
        from AppKit import NSApplication  # type: ignore[import-not-found]

        application = NSApplication.sharedApplication()
        application.setActivationPolicy_(1)  # NSApplicationActivationPolicyAccessory
        application.run()


def _with_signatures(carbon: Any) -> Any:
    """``carbon`` with the signatures of what is used; without them ctypes cuts pointers to 32 bits."""
    carbon.GetEventDispatcherTarget.argtypes, carbon.GetEventDispatcherTarget.restype = (), c_void_p
    carbon.InstallEventHandler.argtypes = (
        c_void_p,
        CarbonHandler,
        c_ulong,
        POINTER(EventType),
        c_void_p,
        POINTER(c_void_p),
    )
    carbon.InstallEventHandler.restype = c_int32
    carbon.RegisterEventHotKey.argtypes = (c_uint32, c_uint32, HotkeyId, c_void_p, c_uint32, POINTER(c_void_p))
    carbon.RegisterEventHotKey.restype = c_int32
    carbon.GetEventKind.argtypes, carbon.GetEventKind.restype = (c_void_p,), c_uint32
    carbon.GetEventParameter.argtypes = (
        c_void_p,
        c_uint32,
        c_uint32,
        POINTER(c_uint32),
        c_ulong,
        POINTER(c_ulong),
        c_void_p,
    )
    carbon.GetEventParameter.restype = c_int32
    return carbon
