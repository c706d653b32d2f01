"""Listeners for the chord: what they report, and which one this machine has."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from voicemate.config.hotkey_chord import Chord
from voicemate.core.errors import HotkeyError, NoHotkeyError


@dataclass(frozen=True, slots=True)
class ChordRegistered:
    """The chord belongs to this process: its presses are reported from now on."""


@dataclass(frozen=True, slots=True)
class ChordPressed:
    """The chord was pressed."""


@dataclass(frozen=True, slots=True)
class ChordReleased:
    """The chord's key came up, or must have."""


@dataclass(frozen=True, slots=True)
class ListenerFailed:
    """The chord cannot be listened for, or no longer. The last event of a listener."""

    error: HotkeyError


ChordEvent = ChordRegistered | ChordPressed | ChordReleased | ListenerFailed
ChordEventCallback = Callable[[ChordEvent], None]
"""Called in a thread of the listener; returns at once."""


class ChordListener(Protocol):
    """Listens for one chord from ``start`` to ``stop``.

    Every ``ChordPressed`` is followed by a ``ChordReleased`` or ``ListenerFailed``.
    """

    def start(self) -> None:
        """Start to listen; returns at once. Events report whether it works."""
        ...

    def stop(self) -> None:
        """Unregister the chord. No events come after this returns, which may take some tenths of a second."""
        ...


def listener_class(
    platform: str, environment: Mapping[str, str]
) -> Callable[[Chord, ChordEventCallback], ChordListener]:
    """What makes a listener.

    Args:
        platform: as ``sys.platform``.
        environment: the variables of the desktop session.

    Raises:
        NoHotkeyError: this desktop has none.
    """
    if platform == "darwin":
        from voicemate.push_to_talk.carbon_process import CarbonChordListener

        return CarbonChordListener
    if environment.get("WAYLAND_DISPLAY") or environment.get("XDG_SESSION_TYPE") == "wayland":
        raise NoHotkeyError(
            "Under Wayland no program may watch a key of the whole desktop",
            "Bind a key to `voicemate ptt toggle` in your desktop's keyboard settings",
        )
    if not environment.get("DISPLAY"):
        raise NoHotkeyError(
            "There is no display whose keyboard could be watched",
            "Start voicemate from within a desktop session, or use `voicemate ptt`",
            transient=True,
        )
    from voicemate.push_to_talk.x11 import X11ChordListener

    return lambda chord, on_chord_event: X11ChordListener(
        chord, on_chord_event, environment["DISPLAY"], environment.get("XAUTHORITY")
    )


def make_chord_listener(
    chord: Chord, on_chord_event: ChordEventCallback, environment: Mapping[str, str]
) -> ChordListener:
    """A listener for ``chord`` on this machine, not started yet.

    Raises:
        NoHotkeyError: this desktop has none.
    """
    return listener_class(sys.platform, environment)(chord, on_chord_event)
