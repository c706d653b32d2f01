"""Each time that the chord is held gives one press and one release, whatever the keyboard's events look like."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voicemate.push_to_talk.chord_listener import ChordPressed, ChordReleased
from voicemate.push_to_talk.key_edges import KeyEdges


def test_a_press_and_a_release() -> None:
    edges = KeyEdges()
    assert edges.on_press(100) == [ChordPressed()]
    assert edges.on_release(600) == []
    assert edges.flush() == [ChordReleased()]


def test_repeats_of_the_press_alone_are_nothing() -> None:
    edges = KeyEdges()
    edges.on_press(100)
    assert [edges.on_press(at) for at in (600, 640, 680)] == [[], [], []]
    assert [*edges.on_release(700), *edges.flush()] == [ChordReleased()]


def test_pairs_of_release_and_press_at_the_same_time_are_nothing() -> None:
    edges = KeyEdges()
    edges.on_press(100)
    for at in (600, 640, 680):
        assert edges.on_release(at) == []
        assert edges.on_press(at) == []
        assert edges.flush() == []
    assert edges.is_down


def test_a_new_press_right_after_the_release_is_another_hold() -> None:
    edges = KeyEdges()
    edges.on_press(100)
    assert [*edges.on_release(600), *edges.on_press(630)] == [ChordReleased(), ChordPressed()]


def test_a_release_that_was_lost_is_seen() -> None:
    edges = KeyEdges()
    edges.on_press(100)
    assert edges.on_poll(down=True) == []
    assert edges.on_poll(down=False) == [ChordReleased()]
    assert edges.on_poll(down=False) == []


def test_who_may_not_look_does_not_let_go() -> None:
    edges = KeyEdges()
    edges.on_press(100)
    assert edges.on_poll(down=False) == []
    assert edges.is_down


def test_the_end_lets_go() -> None:
    edges = KeyEdges()
    edges.on_press(100)
    assert edges.close() == [ChordReleased()]
    assert edges.close() == []


@given(
    st.lists(st.tuples(st.integers(3, 5_000), st.integers(3, 5_000)), max_size=20),
    st.integers(20, 60),
    st.booleans(),
    st.booleans(),
)
def test_as_many_holds_come_out_as_went_in(
    holds: list[tuple[int, int]], repeat_ms: int, detectable: bool, all_at_once: bool
) -> None:
    edges, told, now = KeyEdges(), list[ChordPressed | ChordReleased](), 0
    for pause, length in holds:
        now += pause
        told += edges.on_press(now)
        for at in range(now + 500, now + length, repeat_ms):
            if not detectable:
                told += edges.on_release(at)
            told += edges.on_press(at)
            if not all_at_once:
                told += edges.flush()
        now += length
        told += edges.on_release(now)
        if not all_at_once:
            told += edges.flush()
    told += edges.flush()
    assert told == [ChordPressed(), ChordReleased()] * len(holds)


class Anything(RuleBasedStateMachine):
    """Whatever comes, in whatever order, presses and releases take turns."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = KeyEdges()
        self.told: list[ChordPressed | ChordReleased] = []

    @rule(at=st.integers(0, 50))
    def press(self, at: int) -> None:
        self.told += self.edges.on_press(at)

    @rule(at=st.integers(0, 50))
    def release(self, at: int) -> None:
        self.told += self.edges.on_release(at)

    @rule(down=st.booleans())
    def look(self, down: bool) -> None:
        self.told += self.edges.on_poll(down)

    @rule()
    def settle(self) -> None:
        self.told += self.edges.flush()

    @rule()
    def end(self) -> None:
        self.told += self.edges.close()
        assert not self.edges.is_down

    @invariant()
    def takes_turns(self) -> None:
        assert self.told == [ChordReleased() if place % 2 else ChordPressed() for place in range(len(self.told))]
        assert self.edges.is_down == (len(self.told) % 2 == 1)


TestAnything = Anything.TestCase
