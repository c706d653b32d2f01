"""What ``voicemate status`` tells of the daemon."""

from tests.unit.control.noted import STATUS
from voicemate.cli.render.status_table import status_rows
from voicemate.control.status import DaemonStatus, SpeculationStatus


def rows(status: DaemonStatus) -> dict[str, str]:
    return {name: str(value) for name, value in status_rows(status)}


def test_work_that_was_thrown_away_is_told():
    work = SpeculationStatus(turns=3, ready=1, discarded=2, wasted_ms=1240.0)
    told = rows(STATUS.model_copy(update={"work_ahead": work}))["work ahead"]
    assert told == "1 of 3 replies ready when the turn ended, 2 prepared in vain (1.2 s of work)"


def test_replies_that_were_waited_for_are_told_apart():
    work = SpeculationStatus(turns=3, ready=3, held_open=2)
    told = rows(STATUS.model_copy(update={"work_ahead": work}))["work ahead"]
    assert told == "3 of 3 replies ready when the turn ended (2 a moment later)"


def test_before_the_first_reply_there_is_nothing_to_tell_of_it():
    assert "work ahead" not in rows(STATUS)


def test_a_daemon_that_does_not_tell_of_its_work_is_understood():
    assert DaemonStatus.model_validate(STATUS.model_dump(exclude={"work_ahead"})).speculation.turns == 0
