"""A chord as a person writes it: ``ctrl+option+space``, ``super+f5``. Pure."""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from voicemate.core.errors import SettingsError


class Modifier(Enum):
    """A key that is held beside another one. In the order in which they are written."""

    CTRL = "ctrl"
    OPTION = "option"
    SHIFT = "shift"
    CMD = "cmd"


_MODIFIERS = {
    **dict.fromkeys(("ctrl", "control"), Modifier.CTRL),
    **dict.fromkeys(("option", "opt", "alt"), Modifier.OPTION),
    **dict.fromkeys(("shift",), Modifier.SHIFT),
    **dict.fromkeys(("cmd", "command", "super", "win", "windows", "meta"), Modifier.CMD),
}

_LETTERS_AND_DIGITS = tuple("abcdefghijklmnopqrstuvwxyz0123456789")
_PUNCTUATION = {
    "`": "grave",
    "-": "minus",
    "=": "equal",
    "[": "leftbracket",
    "]": "rightbracket",
    "\\": "backslash",
    ";": "semicolon",
    "'": "quote",
    ",": "comma",
    ".": "period",
    "/": "slash",
}
_TYPING_KEYS = ("space", "tab", "return", "backspace", "delete", "escape")
_NAVIGATION_KEYS = ("home", "end", "pageup", "pagedown", "left", "right", "up", "down")
_STANDALONE_KEYS = (*(f"f{number}" for number in range(1, 21)), "pause", "scrolllock", "print", "insert", "menu")
"""Keys that no text needs: they may stand alone."""

KEYS = (*_LETTERS_AND_DIGITS, *_PUNCTUATION.values(), *_TYPING_KEYS, *_NAVIGATION_KEYS, *_STANDALONE_KEYS)
"""Every key that a chord may have, by its name."""

_ALIASES = {
    **_PUNCTUATION,
    "enter": "return",
    "esc": "escape",
    "del": "delete",
    "forwarddelete": "delete",
    "backtick": "grave",
    "dot": "period",
    "apostrophe": "quote",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "printscreen": "print",
    "ins": "insert",
    "spacebar": "space",
}
_UNUSABLE_KEYS = {
    "fn": "The fn key never reaches programs",
    "globe": "The globe key never reaches programs",
    "capslock": "Caps lock changes what is typed, also while it is held",
}


@dataclass(frozen=True, slots=True)
class Chord:
    """One key, and the modifiers held with it.

    Attributes:
        key: one of ``KEYS``.
    """

    key: str
    modifiers: frozenset[Modifier] = frozenset()

    def __str__(self) -> str:
        return "+".join([*(modifier.value for modifier in Modifier if modifier in self.modifiers), self.key])


def parse_chord(text: str) -> Chord:
    """The chord that ``text`` names: names joined by ``+``, in any case and order.

    Raises:
        SettingsError: it names none; the sentence says why, and what was probably meant.
    """
    keys: list[str] = []
    modifiers: set[Modifier] = set()
    for name in _names(text):
        modifier = _MODIFIERS.get(name)
        if modifier is None:
            keys.append(_key(name))
        elif modifier in modifiers:
            raise _chord_error(text, f"`{modifier.value}` is in it twice", "Name every key once")
        else:
            modifiers.add(modifier)
    return _checked(text, keys, frozenset(modifiers))


def _names(text: str) -> list[str]:
    """The parts of ``text`` in small letters, without spaces and the likes of ``page_up``."""
    names = ["".join(part.casefold().split()).replace("_", "") for part in text.split("+")]
    if not any(names):
        raise SettingsError("A chord names keys, and here is none", "Write one such as `ctrl+option+space`")
    if "" in names:
        remedy = "Write one `+` between two keys; the key itself cannot be used, take `equal`"
        raise _chord_error(text, "something is missing beside a `+`", remedy)
    return names


def _key(name: str) -> str:
    """The key that is called ``name``."""
    key = _ALIASES.get(name, name)
    if key in KEYS:
        return key
    if name in _UNUSABLE_KEYS:
        raise SettingsError(_UNUSABLE_KEYS[name], "Take another key, such as `ctrl+option+space`")
    close = get_close_matches(name, [*_MODIFIERS, *KEYS, *_ALIASES], n=2, cutoff=0.6)
    remedy = f"Perhaps {' or '.join(f'`{other}`' for other in close)} is meant" if close else _ALLOWED_KEYS
    raise SettingsError(f"There is no key `{name[:40]}`", remedy)


_ALLOWED_KEYS = (
    "Take ctrl, option, shift or cmd, with a letter, a digit, a sign, f1 to f20, space, tab, return, or one of the "
    "other keys by its name"
)


def _checked(text: str, keys: list[str], modifiers: frozenset[Modifier]) -> Chord:
    if not keys:
        raise _chord_error(text, "there are only modifiers in it", f"Add a key, such as `{text.strip()}+space`")
    if len(keys) > 1:
        raise _chord_error(text, f"it has the keys `{keys[0]}` and `{keys[1]}`", "Take one, beside the modifiers")
    chord = Chord(keys[0], modifiers)
    if chord.key not in _STANDALONE_KEYS and not modifiers - {Modifier.SHIFT}:
        wrong = f"`{chord}` could not be typed any more"
        raise SettingsError(wrong, f"Add a modifier, such as `ctrl+option+{chord.key}`")
    return chord


def _chord_error(text: str, why: str, remedy: str) -> SettingsError:
    return SettingsError(f"`{text.strip()[:60]}` is no chord: {why}", remedy)
