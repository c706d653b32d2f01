"""A chord as Carbon knows it: a virtual key code and modifier bits. Pure.

Codes are those of HIToolbox/Events.h. They name places on the keyboard, after what an American one has there: with
another layout, a letter is the key that has it on an American keyboard.
"""

from voicemate.config.hotkey_chord import Chord, Modifier
from voicemate.core.errors import HotkeyError

_MODIFIERS = {Modifier.CMD: 0x0100, Modifier.SHIFT: 0x0200, Modifier.OPTION: 0x0800, Modifier.CTRL: 0x1000}

_ROWS = {
    0x00: "a s d f h g z x c v",
    0x0B: "b q w e r y t 1 2 3 4 6 5 equal 9 7 minus 8 0 rightbracket o u leftbracket i p return l j quote k",
    0x29: "semicolon backslash comma slash n m period tab space grave backspace",
}
"""Runs of codes that follow each other."""

_OTHER_CODES = {
    "escape": 0x35,
    "f17": 0x40,
    "f18": 0x4F,
    "f19": 0x50,
    "f20": 0x5A,
    "f5": 0x60,
    "f6": 0x61,
    "f7": 0x62,
    "f3": 0x63,
    "f8": 0x64,
    "f9": 0x65,
    "f11": 0x67,
    "f13": 0x69,
    "f16": 0x6A,
    "f14": 0x6B,
    "f10": 0x6D,
    "f12": 0x6F,
    "f15": 0x71,
    "home": 0x73,
    "pageup": 0x74,
    "delete": 0x75,
    "f4": 0x76,
    "end": 0x77,
    "f2": 0x78,
    "pagedown": 0x79,
    "f1": 0x7A,
    "left": 0x7B,
    "right": 0x7C,
    "down": 0x7D,
    "up": 0x7E,
}

KEY_CODES = _OTHER_CODES | {
    name: first + place for first, row in _ROWS.items() for place, name in enumerate(row.split())
}
"""Virtual key codes by the chord's name of the key."""


def carbon_chord(chord: Chord) -> tuple[int, int]:
    """Key code and modifier bits.

    Raises:
        HotkeyError: a Mac's keyboard has no such key.
    """
    code = KEY_CODES.get(chord.key)
    if code is None:
        raise HotkeyError(
            f"A Mac's keyboard has no key `{chord.key}`",
            "Choose another chord: `voicemate config set push_to_talk.chord ctrl+option+space`",
        )
    return code, sum(_MODIFIERS[modifier] for modifier in chord.modifiers)
