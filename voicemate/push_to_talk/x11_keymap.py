"""A chord as an X server knows it: a key code and modifier bits, by the server's own tables. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from voicemate.config.hotkey_chord import Chord, Modifier
from voicemate.core.errors import HotkeyError

SHIFT, LOCK, CTRL, MOD1, MOD4 = 1, 2, 4, 8, 64
"""Modifier bits whose meaning is fixed, or usual."""

_NAMED = {
    "space": 0x20,
    "quote": 0x27,
    "comma": 0x2C,
    "minus": 0x2D,
    "period": 0x2E,
    "slash": 0x2F,
    "semicolon": 0x3B,
    "equal": 0x3D,
    "leftbracket": 0x5B,
    "backslash": 0x5C,
    "rightbracket": 0x5D,
    "grave": 0x60,
    "backspace": 0xFF08,
    "tab": 0xFF09,
    "return": 0xFF0D,
    "pause": 0xFF13,
    "scrolllock": 0xFF14,
    "escape": 0xFF1B,
    "home": 0xFF50,
    "left": 0xFF51,
    "up": 0xFF52,
    "right": 0xFF53,
    "down": 0xFF54,
    "pageup": 0xFF55,
    "pagedown": 0xFF56,
    "end": 0xFF57,
    "print": 0xFF61,
    "insert": 0xFF63,
    "menu": 0xFF67,
    "delete": 0xFFFF,
}
_F1 = 0xFFBE
_ALT, _SUPER, _NUM_LOCK, _SCROLL_LOCK = (0xFFE9, 0xFFEA), (0xFFEB, 0xFFEC), (0xFF7F,), (0xFF14,)


def keysym(key: str) -> int:
    """The key symbol of a chord's key, as keysymdef.h has it."""
    if len(key) == 1:
        return ord(key)
    return _NAMED.get(key) or _F1 + int(key.removeprefix("f")) - 1


@dataclass(frozen=True, slots=True)
class X11Keyboard:
    """What an X server tells of its keyboard.

    Attributes:
        first: the lowest key code.
        keysyms: for each key code from there, its symbols, the plainest first (``GetKeyboardMapping``).
        modifiers: for each of the eight modifier bits, the key codes that set it (``GetModifierMapping``).
    """

    first_code: int
    keysyms: Sequence[Sequence[int]]
    modifiers: Sequence[Sequence[int]]

    def code(self, symbol: int) -> int | None:
        """The key that gives ``symbol``, with as little held beside it as possible; None when none does."""
        found = [
            (symbols.index(symbol), place) for place, symbols in enumerate(self.keysyms) if symbol in list(symbols)
        ]
        return self.first_code + min(found)[1] if found else None

    def modifier_bit(self, symbols: tuple[int, ...], usual: int = 0) -> int:
        """The modifier bit that the keys with ``symbols`` set; ``usual`` when there are none."""
        codes = {
            self.first_code + place for place, found in enumerate(self.keysyms) if not set(symbols).isdisjoint(found)
        }
        for number, setting in enumerate(self.modifiers):
            if codes & set(setting):
                return 1 << number
        return usual


@dataclass(frozen=True, slots=True)
class X11Chord:
    """What to ask the server for.

    Attributes:
        code: of the key.
        masks: modifier bits; one for each way in which caps lock, num lock and scroll lock may be on meanwhile.
    """

    code: int
    masks: tuple[int, ...]


def x11_chord(chord: Chord, keyboard: X11Keyboard) -> X11Chord:
    """``chord`` on this keyboard.

    Raises:
        HotkeyError: the keyboard has no such key.
    """
    code = keyboard.code(keysym(chord.key))
    if code is None:
        raise HotkeyError(
            f"This keyboard has no key `{chord.key}`",
            "Choose another chord: `voicemate config set push_to_talk.chord ctrl+option+space`",
        )
    bits = {
        Modifier.CTRL: CTRL,
        Modifier.SHIFT: SHIFT,
        Modifier.OPTION: keyboard.modifier_bit(_ALT, MOD1),
        Modifier.CMD: keyboard.modifier_bit(_SUPER, MOD4),
    }
    mask = sum(bits[modifier] for modifier in chord.modifiers)
    locks = sorted({LOCK, keyboard.modifier_bit(_NUM_LOCK), keyboard.modifier_bit(_SCROLL_LOCK)} - {0})
    locks = [lock for lock in locks if not lock & mask]
    return X11Chord(code, tuple(mask | sum(on) for size in range(len(locks) + 1) for on in combinations(locks, size)))
