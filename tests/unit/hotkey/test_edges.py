"""Each time that the chord is held gives one press and one release, whatever the keyboard's events look like."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from voicemate.hotkey.edges import Edges
from voicemate.hotkey.reports import Down, Up


def test_a_press_and_a_release() -> None:
    edges = Edges()
    assert edges.pressed(100) == [Down()]
    assert edges.released(600) == []
    assert edges.settled() == [Up()]


def test_repeats_of_the_press_alone_are_nothing() -> None:
    edges = Edges()
    edges.pressed(100)
    assert [edges.pressed(at) for at in (600, 640, 680)] == [[], [], []]
    assert [*edges.released(700), *edges.settled()] == [Up()]


def test_pairs_of_release_and_press_at_the_same_time_are_nothing() -> None:
    edges = Edges()
    edges.pressed(100)
    for at in (600, 640, 680):
        assert edges.released(at) == []
        assert edges.pressed(at) == []
        assert edges.settled() == []
    assert edges.held


def test_a_new_press_right_after_the_release_is_another_hold() -> None:
    edges = Edges()
    edges.pressed(100)
    assert [*edges.released(600), *edges.pressed(630)] == [Up(), Down()]


def test_a_release_that_was_lost_is_seen() -> None:
    edges = Edges()
    edges.pressed(100)
    assert edges.seen(down=True) == []
    assert edges.seen(down=False) == [Up()]
    assert edges.seen(down=False) == []


def test_who_may_not_look_does_not_let_go() -> None:
    edges = Edges()
    edges.pressed(100)
    assert edges.seen(down=False) == []
    assert edges.held


def test_the_end_lets_go() -> None:
    edges = Edges()
    edges.pressed(100)
    assert edges.ended() == [Up()]
    assert edges.ended() == []


@given(
    st.lists(st.tuples(st.integers(3, 5_000), st.integers(3, 5_000)), max_size=20),
    st.integers(20, 60),
    st.booleans(),
    st.booleans(),
)
def test_as_many_holds_come_out_as_went_in(
    holds: list[tuple[int, int]], repeat_ms: int, detectable: bool, all_at_once: bool
) -> None:
    edges, told, now = Edges(), list[Down | Up](), 0
    for pause, length in holds:
        now += pause
        told += edges.pressed(now)
        for at in range(now + 500, now + length, repeat_ms):
            if not detectable:
                told += edges.released(at)
            told += edges.pressed(at)
            if not all_at_once:
                told += edges.settled()
        now += length
        told += edges.released(now)
        if not all_at_once:
            told += edges.settled()
    told += edges.settled()
    assert told == [Down(), Up()] * len(holds)


class Anything(RuleBasedStateMachine):
    """Whatever comes, in whatever order, presses and releases take turns."""

    def __init__(self) -> None:
        super().__init__()
        self.edges = Edges()
        self.told: list[Down | Up] = []

    @rule(at=st.integers(0, 50))
    def press(self, at: int) -> None:
        self.told += self.edges.pressed(at)

    @rule(at=st.integers(0, 50))
    def release(self, at: int) -> None:
        self.told += self.edges.released(at)

    @rule(down=st.booleans())
    def look(self, down: bool) -> None:
        self.told += self.edges.seen(down)

    @rule()
    def settle(self) -> None:
        self.told += self.edges.settled()

    @rule()
    def end(self) -> None:
        self.told += self.edges.ended()
        assert not self.edges.held

    @invariant()
    def takes_turns(self) -> None:
        assert self.told == [Up() if place % 2 else Down() for place in range(len(self.told))]
        assert self.edges.held == (len(self.told) % 2 == 1)


TestAnything = Anything.TestCase
