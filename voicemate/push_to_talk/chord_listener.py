"""Which way of watching the key there is on this machine. Pure, but for what it makes."""

import sys
from collections.abc import Callable, Mapping

from voicemate.config.hotkey_chord import Chord
from voicemate.core.errors import NoHotkeyError
from voicemate.push_to_talk.reports import ChordEventCallback, ChordListener


def listener_class(
    platform: str, environment: Mapping[str, str]
) -> Callable[[Chord, ChordEventCallback], ChordListener]:
    """How the key is watched.

    Args:
        platform: as ``sys.platform``.
        environment: the variables that tell of the desktop session.

    Raises:
        NoHotkeyError: not at all, here.
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

    return lambda chord, tell: X11ChordListener(chord, tell, environment["DISPLAY"], environment.get("XAUTHORITY"))


def make_chord_listener(
    chord: Chord, on_chord_event: ChordEventCallback, environment: Mapping[str, str]
) -> ChordListener:
    """A watch of ``chord`` on this machine, not started yet.

    Raises:
        NoHotkeyError: there is none.
    """
    return listener_class(sys.platform, environment)(chord, on_chord_event)
