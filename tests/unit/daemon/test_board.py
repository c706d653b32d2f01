"""What ``status`` shows, from the events."""

from voicemate.control.status import WorkAheadState
from voicemate.daemon.board import Board
from voicemate.events import (
    Fault,
    FloorChanged,
    FloorState,
    Recovered,
    ReplyEnded,
    RolledBack,
    Stage,
    StageTimed,
    TurnEnded,
    TurnTimed,
)


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


def test_work_that_was_thrown_away_is_told():
    board = fed(
        StageTimed(1, 1, Stage.HEARING, 0, 250.0),
        RolledBack(2, 1, "the person went on"),
        StageTimed(3, 1, Stage.HEARING, 2, 260.0),
        TurnEnded(4, 1, 0, 3, "silence"),
        TurnTimed(5, 1, 600.0, 350.0, 260.0, 50.0, 10.0, True),
        ReplyEnded(6, 1, "Yes.", interrupted=False),
    )
    assert board.work_ahead == WorkAheadState(turns=1, ready=1, thrown_away=1, wasted_ms=250.0)


def test_a_new_conversation_counts_its_turns_anew_and_what_was_known_stays():
    board = Board()
    for _ in range(2):
        board.feed(TurnEnded(4, 1, 0, 3, "silence"))
        board.feed(TurnTimed(5, 1, 600.0, 350.0, 260.0, 50.0, 10.0, False))
        board.feed(FloorChanged(6, FloorState.STOPPED, ""))
    assert (board.work_ahead.turns, board.work_ahead.ready) == (2, 0)
