"""Hold, toggle and tap."""

from hypothesis import given
from hypothesis import strategies as st

from voicemate.push_to_talk.gesture import ChordPress, KeyAction, KeyMode, action_on_press, action_on_release

TAP = 250


class Chord:
    """A chord in one mode, pressed and released."""

    def __init__(self, mode: KeyMode):
        self._mode: KeyMode = mode
        self._press: ChordPress | None = None

    def on_down(self, at_ms: float, character_speaks: bool, key_is_down: bool) -> KeyAction | None:
        if self._press:
            return None
        self._press = ChordPress(at_ms, character_speaks)
        return action_on_press(self._mode, character_speaks, key_is_down)

    def on_up(self, at_ms: float) -> KeyAction | None:
        press, self._press = self._press, None
        return action_on_release(self._mode, press, at_ms, TAP) if press else None


def test_while_it_is_held_the_person_speaks() -> None:
    key = Chord("hold")
    assert key.on_down(0, character_speaks=False, key_is_down=False) is KeyAction.PRESS
    assert key.on_up(2_000) is KeyAction.RELEASE


def test_held_over_the_character_it_takes_the_floor() -> None:
    key = Chord("hold")
    assert key.on_down(0, character_speaks=True, key_is_down=False) is KeyAction.PRESS
    assert key.on_up(2_000) is KeyAction.RELEASE


def test_a_tap_over_the_character_interrupts() -> None:
    key = Chord("hold")
    assert key.on_down(0, character_speaks=True, key_is_down=False) is KeyAction.PRESS
    assert key.on_up(100) is KeyAction.INTERRUPT


def test_another_tap_is_given_back_at_once() -> None:
    key = Chord("hold")
    key.on_down(0, character_speaks=False, key_is_down=False)
    assert key.on_up(100) is KeyAction.RELEASE


def test_toggling() -> None:
    key = Chord("toggle")
    assert key.on_down(0, character_speaks=False, key_is_down=False) is KeyAction.PRESS
    assert key.on_up(100) is None
    assert key.on_down(5_000, character_speaks=False, key_is_down=True) is KeyAction.RELEASE
    assert key.on_up(5_100) is None


def test_toggling_over_the_character_interrupts_it_and_begins_no_turn() -> None:
    key = Chord("toggle")
    assert key.on_down(0, character_speaks=True, key_is_down=False) is KeyAction.INTERRUPT
    assert key.on_up(100) is None
    assert key.on_down(300, character_speaks=False, key_is_down=False) is KeyAction.PRESS


def test_a_turn_that_was_ended_elsewhere_is_not_ended_by_the_next_press() -> None:
    key = Chord("toggle")
    key.on_down(0, character_speaks=False, key_is_down=False)
    key.on_up(100)
    assert key.on_down(90_000, character_speaks=False, key_is_down=False) is KeyAction.PRESS


@given(
    st.sampled_from(["hold", "toggle"]),
    st.lists(st.tuples(st.booleans(), st.integers(1, 2_000), st.booleans(), st.booleans()), max_size=30),
)
def test_whatever_happens_the_floor_is_given_back(mode: KeyMode, strokes: list[tuple[bool, int, bool, bool]]) -> None:
    key, now, taken = Chord(mode), 0, False
    for down, later, speaking, lost in strokes:
        now += later
        act = key.on_down(now, speaking, taken) if down else key.on_up(now)
        taken = {KeyAction.PRESS: True, KeyAction.RELEASE: False, KeyAction.INTERRUPT: False, None: taken}[act]
        if lost:  # held too long, or released from elsewhere
            taken = False
    now += 10_000
    key.on_up(now)
    act = key.on_down(now + 1, False, taken)
    after = key.on_up(now + 5_000)
    assert (act, after) in {(KeyAction.PRESS, KeyAction.RELEASE), (KeyAction.PRESS, None), (KeyAction.RELEASE, None)}
    assert act is KeyAction.PRESS or (mode == "toggle" and taken)
