"""Chords as an X server knows them, by its own tables of keys."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.config.hotkey_chord import KEYS, parse_chord
from voicemate.core.errors import HotkeyError
from voicemate.push_to_talk.x11_keymap import CTRL, LOCK, MOD1, MOD4, SHIFT, X11Keyboard, keysym, x11_chord

ALT_L, SUPER_L, NUM_LOCK, CONTROL_L = 0xFFE9, 0xFFEB, 0xFF7F, 0xFFE3
NO_KEYS: list[list[int]] = [[], [], [], [], [], [], [], []]


def keyboard(symbols: Sequence[Sequence[int]], modifiers: Sequence[Sequence[int]] = NO_KEYS) -> X11Keyboard:
    return X11Keyboard(8, symbols, modifiers)


AMERICAN = keyboard(
    [[0x20, 0x20], [ord("a"), ord("A")], [ALT_L], [SUPER_L], [NUM_LOCK], [CONTROL_L], [ord("1"), ord("!")]],
    [[], [], [13], [10], [12], [], [11], []],
)


def test_the_chord_is_asked_for_whatever_is_locked() -> None:
    keys = x11_chord(parse_chord("ctrl+option+space"), AMERICAN)
    num_lock = 1 << 4
    assert keys.code == 8
    assert sorted(keys.masks) == sorted(CTRL | MOD1 | lock for lock in (0, LOCK, num_lock, LOCK | num_lock))


def test_modifiers_are_where_the_keyboard_has_them() -> None:
    swapped = keyboard([[0x20], [ALT_L], [SUPER_L]], [[], [], [], [10], [], [], [9], []])
    assert x11_chord(parse_chord("alt+space"), swapped).masks[0] == MOD4
    assert x11_chord(parse_chord("super+space"), swapped).masks[0] == MOD1


def test_without_any_tables_the_usual_bits_are_taken() -> None:
    bare = keyboard([[0x20]])
    assert x11_chord(parse_chord("alt+super+shift+space"), bare).masks == (
        MOD1 | MOD4 | SHIFT,
        MOD1 | MOD4 | SHIFT | LOCK,
    )


def test_the_key_that_needs_least_beside_it_is_taken() -> None:
    french = keyboard([[ord("&"), ord("1")], [0xFFB1, ord("1")], [ord("1")]])
    assert x11_chord(parse_chord("ctrl+1"), french).code == 10


def test_a_key_that_is_not_there_is_refused_with_the_way_out() -> None:
    with pytest.raises(HotkeyError, match=r"no key `f20`.*config set"):
        x11_chord(parse_chord("f20"), AMERICAN)


def test_every_key_has_a_symbol_of_its_own() -> None:
    symbols = [keysym(key) for key in KEYS]
    assert len(set(symbols)) == len(symbols)
    assert (keysym("f1"), keysym("f20"), keysym("escape")) == (0xFFBE, 0xFFD1, 0xFF1B)


@given(st.lists(st.lists(st.integers(0, 12), max_size=4), min_size=8, max_size=8))
def test_locks_never_come_in_the_way_of_the_modifiers(modifiers: list[list[int]]) -> None:
    keys = x11_chord(parse_chord("ctrl+alt+space"), keyboard(AMERICAN.keysyms, modifiers))
    assert len(set(keys.masks)) == len(keys.masks)
    assert all(mask & keys.masks[0] == keys.masks[0] for mask in keys.masks)
