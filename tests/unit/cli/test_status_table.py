"""``voicemate status`` as a table."""

from tests.unit.control.recording_target import STATUS
from voicemate.cli.render.status_table import status_rows
from voicemate.control.status import DaemonStatus, SpeculationStatus


def rows(status: DaemonStatus) -> dict[str, str]:
    return {name: str(value) for name, value in status_rows(status)}


def test_discarded_replies_are_shown() -> None:
    work = SpeculationStatus(turns=3, ready=1, discarded=2, wasted_ms=1240.0)
    row = rows(STATUS.model_copy(update={"speculation": work}))["speculation"]
    assert row == "1 of 3 replies ready when the turn ended, 2 discarded (1.2 s of work)"


def test_replies_for_which_the_turn_was_held_open_are_counted_separately() -> None:
    work = SpeculationStatus(turns=3, ready=3, held_open=2)
    row = rows(STATUS.model_copy(update={"speculation": work}))["speculation"]
    assert row == "3 of 3 replies ready when the turn ended (2 a moment later)"


def test_there_is_no_row_before_the_first_reply() -> None:
    assert "speculation" not in rows(STATUS)


def test_a_status_without_speculation_is_valid() -> None:
    assert DaemonStatus.model_validate(STATUS.model_dump(exclude={"speculation"})).speculation.turns == 0
