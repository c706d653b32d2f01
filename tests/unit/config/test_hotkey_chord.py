"""What a person may write for the push-to-talk key, and what they are told when it is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.config.hotkey_chord import KEYS, Chord, Modifier, parse_chord
from voicemate.core.errors import SettingsError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ctrl+option+space", "ctrl+option+space"),
        ("Control + Alt + Space", "ctrl+option+space"),
        ("space+alt+ctrl", "ctrl+option+space"),
        ("super+F5", "cmd+f5"),
        ("Cmd+Opt+`", "option+cmd+grave"),
        ("windows+page_up", "cmd+pageup"),
        ("ctrl+Page Down", "ctrl+pagedown"),
        ("ctrl+-", "ctrl+minus"),
        ("meta+Enter", "cmd+return"),
        ("f13", "f13"),
        ("shift+pause", "shift+pause"),
    ],
)
def test_chords_are_understood_however_they_are_written(written: str, meant: str) -> None:
    assert str(parse_chord(written)) == meant


@pytest.mark.parametrize(
    ("written", "wrong", "remedy"),
    [
        ("", "names keys", "ctrl+option+space"),
        ("ctrl+opton+space", "no key `opton`", "`option`"),
        ("ctrl+spce", "no key `spce`", "`space`"),
        ("crtl+a", "no key `crtl`", "`ctrl`"),
        ("ctrl+xyzzyplugh", "no key `xyzzyplugh`", "by its name"),
        ("ctrl+option", "only modifiers", "`ctrl+option+space`"),
        ("ctrl+a+b", "the keys `a` and `b`", "Take one"),
        ("ctrl+control+a", "`ctrl` is in it twice", "once"),
        ("ctrl++a", "something is missing", "one `+`"),
        ("ctrl+", "something is missing", "equal"),
        ("space", "could not be typed any more", "`ctrl+option+space`"),
        ("shift+a", "could not be typed any more", "modifier"),
        ("ctrl+fn", "never reaches programs", "another key"),
    ],
)
def test_what_is_no_chord_is_refused_with_what_to_do(written: str, wrong: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_chord(written)
    assert wrong in raised.value.message
    assert remedy in raised.value.hint


chords = st.builds(Chord, st.sampled_from(KEYS), st.frozensets(st.sampled_from(Modifier)))


def understood(text: str) -> Chord | SettingsError:
    try:
        return parse_chord(text)
    except SettingsError as error:
        return error


@given(chords)
def test_a_chord_that_is_allowed_reads_as_it_is_written(chord: Chord) -> None:
    read = understood(str(chord))
    if isinstance(read, SettingsError):
        assert "could not be typed" in read.message
        assert not chord.modifiers - {Modifier.SHIFT}
    else:
        assert read == chord


@given(st.text(max_size=40) | st.lists(st.sampled_from(["ctrl", "alt", "a", "f5", "+", "", "spc"])).map("+".join))
def test_anything_else_is_refused_in_words(text: str) -> None:
    read = understood(text)
    assert (read.message and read.hint) if isinstance(read, SettingsError) else read.key in KEYS
