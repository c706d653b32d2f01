"""The history, and the last hundred gaps."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemate.config.schema import HistorySettings, Settings
from voicemate.core.paths import make_private_folder
from voicemate.doctor.check import Check, CheckContext, run_check
from voicemate.doctor.checks import past_conversations
from voicemate.doctor.checks.past_conversations import HistoryFacts, assess_gaps, assess_history
from voicemate.doctor.finding import Severity
from voicemate.history import HistoryWriter, history_file
from voicemate.metrics.timing import Timing
from voicemate.metrics.trace_file import _LINE, TraceLine, trace_path
from voicemate.metrics.turn_trace import TurnTrace

CONTEXT = CheckContext(Settings(), "linux")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


def test_an_intact_history_and_none() -> None:
    assert past_conversations.check_history(CONTEXT)[0].message == "None yet"
    history = HistoryWriter()
    history.start_session("Juniper", {"hearing": "h"})
    history.start_turn(1, "a secret", "en")
    history.finish_turn(1, "Indeed.", interrupted=False)
    history.end_session()
    history.close()
    (found,) = past_conversations.check_history(CONTEXT)
    assert found.severity is Severity.OK
    assert found.message.startswith("Intact (")
    assert "latest conversation from 20" in found.message
    assert "secret" not in found.message


def test_a_damaged_history_is_a_problem_with_a_hint(home: Path) -> None:
    make_private_folder(home / "data")
    history_file().write_bytes(b"SQLite format 3\0" + b"no more" * 400)
    (found,) = run_check(Check("Files", "history", past_conversations.check_history), CONTEXT)
    assert found.severity is Severity.PROBLEM
    assert "is damaged" in found.message
    assert "sets it aside" in found.hint


def test_a_damaged_history_that_was_set_aside_is_reported() -> None:
    aside = (
        Path("/d/history.damaged-20260101-120000.sqlite3"),
        Path("/d/history.damaged-20260101-120000.sqlite3-wal"),
    )
    fine, found = assess_history(HistoryFacts(True, 5_000, "2026-01-02", aside))
    assert (fine.severity, found.severity) == (Severity.OK, Severity.WARNING)
    assert "120000.sqlite3" in found.message
    assert ".recover" in found.hint


def test_a_disabled_history_is_reported() -> None:
    settings = Settings(history=HistorySettings(keep=False))
    assert "nothing is added" in past_conversations.check_history(CheckContext(settings, "linux"))[0].message


def timings(*gaps: float, **stages: float) -> list[Timing]:
    parts = {"endpoint_ms": 400.0, "stt_ms": 100.0, "llm_ms": 100.0, "tts_ms": 50.0} | stages
    return [Timing(gap_ms=gap, ready=gap < 600, **parts) for gap in gaps]


def test_a_few_gaps_are_not_assessed() -> None:
    assert assess_gaps([]).message == "No replies timed yet"
    assert assess_gaps(timings(9_000, 9_000)).severity is Severity.OK


def test_median_percentile_and_stages_are_reported() -> None:
    found = assess_gaps(timings(*(500 + 10 * n for n in range(11))))
    assert found.severity is Severity.OK
    assert found.facts == {
        "turns": 11,
        "median_ms": 550,
        "p90_ms": 590,
        "endpoint_ms": 400,
        "stt_ms": 100,
        "llm_ms": 100,
        "tts_ms": 50,
        "ready": 0.91,
    }
    assert "550 ms, 90% within 590 ms (endpoint 400, stt 100," in found.message


@pytest.mark.parametrize(
    ("stage", "hint"),
    [
        ("endpoint_ms", "voicemate tune"),
        ("stt_ms", "stt.model"),
        ("llm_ms", "voicemate models list"),
        ("tts_ms", "tts.engine"),
    ],
)
def test_a_slow_conversation_has_a_hint_for_its_slowest_stage(stage: str, hint: str) -> None:
    found = assess_gaps(timings(*[2_000.0] * 6, **{stage: 1_500.0}))
    assert found.severity is Severity.WARNING
    assert hint in found.hint


def test_the_latest_hundred_turns_are_read_from_the_trace() -> None:
    make_private_folder(trace_path().parent)
    turn = TurnTrace(1, 0, 1, 2, (), 0, None, 0, False, timings(700.0)[0])
    silent = TurnTrace(2, 0, 1, 2, (), 0, None, 0, False, None)
    lines = [TraceLine(datetime.now(UTC), turn)] * 120 + [TraceLine(datetime.now(UTC), silent)]
    trace_path().write_bytes(b"".join(_LINE.dump_json(line) + b"\n" for line in lines))
    (found,) = past_conversations.check_gaps(CONTEXT)
    assert (found.facts["turns"], found.facts["median_ms"]) == (99, 700)
