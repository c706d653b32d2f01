"""Hold, toggle and tap."""

from hypothesis import given
from hypothesis import strategies as st

from voicemate.hotkey.gesture import Act, Gesture, Mode

TAP = 250


def test_while_it_is_held_the_person_speaks() -> None:
    key = Gesture("hold", TAP)
    assert key.down(0, speaking=False, taken=False) is Act.PRESS
    assert key.up(2_000) is Act.RELEASE


def test_held_over_the_character_it_takes_the_floor() -> None:
    key = Gesture("hold", TAP)
    assert key.down(0, speaking=True, taken=False) is Act.PRESS
    assert key.up(2_000) is Act.RELEASE


def test_a_tap_over_the_character_interrupts() -> None:
    key = Gesture("hold", TAP)
    assert key.down(0, speaking=True, taken=False) is Act.PRESS
    assert key.up(100) is Act.INTERRUPT


def test_another_tap_is_given_back_at_once() -> None:
    key = Gesture("hold", TAP)
    key.down(0, speaking=False, taken=False)
    assert key.up(100) is Act.RELEASE


def test_toggling() -> None:
    key = Gesture("toggle", TAP)
    assert key.down(0, speaking=False, taken=False) is Act.PRESS
    assert key.up(100) is None
    assert key.down(5_000, speaking=False, taken=True) is Act.RELEASE
    assert key.up(5_100) is None


def test_toggling_over_the_character_interrupts_it_and_begins_no_turn() -> None:
    key = Gesture("toggle", TAP)
    assert key.down(0, speaking=True, taken=False) is Act.INTERRUPT
    assert key.up(100) is None
    assert key.down(300, speaking=False, taken=False) is Act.PRESS


def test_a_turn_that_was_ended_elsewhere_is_not_ended_by_the_next_press() -> None:
    key = Gesture("toggle", TAP)
    key.down(0, speaking=False, taken=False)
    key.up(100)
    assert key.down(90_000, speaking=False, taken=False) is Act.PRESS


@given(
    st.sampled_from(["hold", "toggle"]),
    st.lists(st.tuples(st.booleans(), st.integers(1, 2_000), st.booleans(), st.booleans()), max_size=30),
)
def test_whatever_happens_the_floor_is_given_back(mode: Mode, strokes: list[tuple[bool, int, bool, bool]]) -> None:
    key, now, taken = Gesture(mode, TAP), 0, False
    for down, later, speaking, lost in strokes:
        now += later
        act = key.down(now, speaking, taken) if down else key.up(now)
        taken = {Act.PRESS: True, Act.RELEASE: False, Act.INTERRUPT: False, None: taken}[act]
        if lost:  # held too long, or released from elsewhere
            taken = False
    now += 10_000
    key.up(now)
    act = key.down(now + 1, False, taken)
    after = key.up(now + 5_000)
    assert (act, after) in {(Act.PRESS, Act.RELEASE), (Act.PRESS, None), (Act.RELEASE, None)}
    assert act is Act.PRESS or (mode == "toggle" and taken)
