"""Chords as a Mac knows them."""

import pytest

from voicemate.config.hotkey_chord import KEYS, parse_chord
from voicemate.core.errors import HotkeyError
from voicemate.push_to_talk.carbon_keymap import KEY_CODES, carbon_chord


@pytest.mark.parametrize(
    ("chord", "code", "modifiers"),
    [
        # HIToolbox/Events.h: kVK_…, and cmdKey 0x100, shiftKey 0x200, optionKey 0x800, controlKey 0x1000
        ("ctrl+option+space", 0x31, 0x1800),
        ("cmd+shift+a", 0x00, 0x300),
        ("cmd+0", 0x1D, 0x100),
        ("ctrl+quote", 0x27, 0x1000),
        ("cmd+k", 0x28, 0x100),
        ("ctrl+m", 0x2E, 0x1000),
        ("f5", 0x60, 0),
        ("option+backspace", 0x33, 0x800),
        ("ctrl+up", 0x7E, 0x1000),
    ],
)
def test_codes_are_those_of_the_header(chord: str, code: int, modifiers: int) -> None:
    assert carbon_chord(parse_chord(chord)) == (code, modifiers)


def test_no_two_keys_share_a_code() -> None:
    assert len(set(KEY_CODES.values())) == len(KEY_CODES)
    assert set(KEYS) - set(KEY_CODES) == {"pause", "scrolllock", "print", "insert", "menu"}


def test_a_key_that_no_mac_has_is_refused_with_the_way_out() -> None:
    with pytest.raises(HotkeyError, match=r"no key `pause`.*config set"):
        carbon_chord(parse_chord("pause"))
