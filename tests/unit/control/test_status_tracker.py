"""The status, from events."""

from voicemate.control.status import SpeculationStatus
from voicemate.control.status_tracker import StatusTracker
from voicemate.core.events import (
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    PipelineStage,
    Recovered,
    ReplyEnded,
    StageTimed,
    TurnEnded,
    TurnTimed,
)


def fed(*events: object) -> StatusTracker:
    board = StatusTracker()
    for event in events:
        board.on_event(event)  # type: ignore[arg-type]
    return board


def test_the_latest_state_counts():
    board = fed(FloorChanged(1, FloorState.LISTENING, "ready"), FloorChanged(2, FloorState.HEARING, "a voice"))
    assert (board.state, board.reason) == (FloorState.HEARING, "a voice")


def test_a_problem_persists_until_recovery():
    board = fed(Fault(1, "history", "The disk is full", "Make room"), Fault(2, "microphone", "It is gone", ""))
    assert [problem.component for problem in board.problems] == ["history", "microphone"]
    board.on_event(Recovered(3, "history"))
    assert [problem.component for problem in board.problems] == ["microphone"]


def test_a_spoken_reply_ends_reply_problems():
    board = fed(Fault(1, "reply", "The model failed", ""), Fault(1, "history", "Full", ""))
    board.on_event(ReplyEnded(2, 1, "Yes.", interrupted=False))
    assert [problem.component for problem in board.problems] == ["history"]


def test_recent_gaps_and_all_turns_are_counted():
    board = StatusTracker()
    for turn in range(1, 31):
        board.on_event(TurnEnded(turn, turn, 0, 1, "silence"))
        board.on_event(TurnTimed(turn, turn, float(turn), 0, 0, 0, 0, True))
    assert board.turns == 30
    assert list(board.gaps_ms) == [float(gap) for gap in range(11, 31)]


def test_discarded_work_is_counted():
    board = fed(
        StageTimed(1, 1, PipelineStage.STT, 0, 250.0),
        GenerationDiscarded(2, 1, "the person went on"),
        StageTimed(3, 1, PipelineStage.STT, 2, 260.0),
        TurnEnded(4, 1, 0, 3, "silence"),
        TurnTimed(5, 1, 600.0, 350.0, 260.0, 50.0, 10.0, True),
        ReplyEnded(6, 1, "Yes.", interrupted=False),
    )
    assert board.speculation == SpeculationStatus(turns=1, ready=1, discarded=1, wasted_ms=250.0)


def test_a_new_conversation_keeps_earlier_results():
    board = StatusTracker()
    for _ in range(2):
        board.on_event(TurnEnded(4, 1, 0, 3, "silence"))
        board.on_event(TurnTimed(5, 1, 600.0, 350.0, 260.0, 50.0, 10.0, False))
        board.on_event(FloorChanged(6, FloorState.STOPPED, ""))
    assert (board.speculation.turns, board.speculation.ready) == (2, 0)
