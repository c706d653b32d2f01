"""A chord as it stands on the keyboard in front of the person. Pure."""

from voicemate.config.hotkey_chord import Chord, Modifier, parse_chord
from voicemate.core.errors import SettingsError

_MAC = {Modifier.CTRL: "⌃", Modifier.OPTION: "⌥", Modifier.SHIFT: "⇧", Modifier.CMD: "⌘"}
_OTHERS = {Modifier.CTRL: "Ctrl", Modifier.OPTION: "Alt", Modifier.SHIFT: "Shift", Modifier.CMD: "Super"}


def format_chord(chord: str, is_mac: bool) -> str:
    """``chord`` of the settings, such as ``⌃⌥Space`` or ``Ctrl+Alt+Space``; empty where it is none."""
    try:
        found = parse_chord(chord)
    except SettingsError:
        return ""
    signs, between = (_MAC, "") if is_mac else (_OTHERS, "+")
    return between.join([*(signs[one] for one in Modifier if one in found.modifiers), _format_key(found)])


def _format_key(chord: Chord) -> str:
    return chord.key.upper() if len(chord.key) == 1 else chord.key.capitalize()
