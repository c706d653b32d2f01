"""What ``status`` shows, from the events."""

from voicemate.daemon.board import Board
from voicemate.events import Fault, FloorChanged, FloorState, Recovered, ReplyEnded, TurnEnded, TurnTimed


def fed(*events: object) -> Board:
    board = Board()
    for event in events:
        board.feed(event)  # type: ignore[arg-type]
    return board


def test_the_last_word_counts():
    board = fed(FloorChanged(1, FloorState.LISTENING, "ready"), FloorChanged(2, FloorState.HEARING, "a voice"))
    assert (board.state, board.reason) == (FloorState.HEARING, "a voice")


def test_what_is_wrong_stays_until_it_is_well_again():
    board = fed(Fault(1, "history", "The disk is full", "Make room"), Fault(2, "microphone", "It is gone", ""))
    assert [problem.where for problem in board.problems] == ["history", "microphone"]
    board.feed(Recovered(3, "history"))
    assert [problem.where for problem in board.problems] == ["microphone"]


def test_a_reply_that_is_spoken_shows_that_replies_work():
    board = fed(Fault(1, "reply", "The model failed", ""), Fault(1, "history", "Full", ""))
    board.feed(ReplyEnded(2, 1, "Yes.", interrupted=False))
    assert [problem.where for problem in board.problems] == ["history"]


def test_the_latest_gaps_are_kept_and_all_turns_counted():
    board = Board()
    for turn in range(1, 31):
        board.feed(TurnEnded(turn, turn, 0, 1, "silence"))
        board.feed(TurnTimed(turn, turn, float(turn), 0, 0, 0, 0, True))
    assert board.turns == 30
    assert list(board.gaps_ms) == [float(gap) for gap in range(11, 31)]
