"""Which way of watching the key there is on this machine. Pure, but for what it makes."""

import sys
from collections.abc import Callable, Mapping

from voicemate.errors import NoHotkeyError
from voicemate.hotkey.chord import Chord
from voicemate.hotkey.reports import Tell, Watch


def way_of_watching(platform: str, environment: Mapping[str, str]) -> Callable[[Chord, Tell], Watch]:
    """How the key is watched.

    Args:
        platform: as ``sys.platform``.
        environment: the variables that tell of the desktop session.

    Raises:
        NoHotkeyError: not at all, here.
    """
    if platform == "darwin":
        from voicemate.hotkey.carbon_watch import CarbonWatch

        return CarbonWatch
    if environment.get("WAYLAND_DISPLAY") or environment.get("XDG_SESSION_TYPE") == "wayland":
        raise NoHotkeyError(
            "Under Wayland no program may watch a key of the whole desktop",
            "Bind a key to `voicemate ptt toggle` in your desktop's keyboard settings",
        )
    if not environment.get("DISPLAY"):
        raise NoHotkeyError(
            "There is no display whose keyboard could be watched",
            "Start voicemate from within a desktop session, or use `voicemate ptt`",
            passing=True,
        )
    from voicemate.hotkey.x11 import X11Watch

    return lambda chord, tell: X11Watch(chord, tell, environment["DISPLAY"], environment.get("XAUTHORITY"))


def watch_of(chord: Chord, tell: Tell, environment: Mapping[str, str]) -> Watch:
    """A watch of ``chord`` on this machine, not started yet.

    Raises:
        NoHotkeyError: there is none.
    """
    return way_of_watching(sys.platform, environment)(chord, tell)
