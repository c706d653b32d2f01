"""Where the time of a turn went, as the trace tells it."""

import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemate.core.events import (
    Event,
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    PhraseQueued,
    PhraseStarted,
    PipelineStage,
    ReplyEnded,
    SpeechRejected,
    StageTimed,
    Transcribed,
    TurnEnded,
    TurnTimed,
)
from voicemate.metrics import trace_file
from voicemate.metrics.timing import Timing
from voicemate.metrics.trace_file import TraceFile, TraceLine, read_trace
from voicemate.metrics.turn_trace import SpeculationSummary, StageTrace, TraceAssembler, TurnTrace

TIMED = TurnTimed(30_600, 1, gap=600, endpoint=480, stt=90, llm=70, tts=30, ready=True)
SECRET = "rhubarb"


def work(turn: int = 1, ms: float = 90) -> StageTimed:
    return StageTimed(20_000, turn, PipelineStage.STT, 18_000, ms)


def turn_events(turn: int = 1) -> list[Event]:
    """A turn in which the person speaks from 1.0 s to 1.25 s and is answered 600 ms later."""
    return [
        work(turn),
        Transcribed(20_000, turn, f"a {SECRET} draft", "en", final=False),
        StageTimed(21_000, turn, PipelineStage.LLM, 20_000, 70),
        StageTimed(22_000, turn, PipelineStage.TTS, 21_000, 30),
        TurnEnded(27_680, turn, 16_000, 20_000, f"the word {SECRET}"),
        Transcribed(27_680, turn, f"a {SECRET}", "en", final=True),
        PhraseQueued(27_700, turn, SECRET, SECRET),
        replace(TIMED, turn=turn),
        PhraseStarted(30_700, turn, f"{SECRET}, "),
        PhraseStarted(40_000, turn, SECRET),
        Fault(41_000, "reply", SECRET, SECRET),
        FloorChanged(41_000, FloorState.LISTENING, SECRET),
        SpeechRejected(41_000, 0, 0, SECRET, SECRET),
        ReplyEnded(50_000, turn, f"{SECRET}, {SECRET}", interrupted=True),
    ]


def assemble(events: list[Event]) -> list[TurnTrace]:
    assembler = TraceAssembler()
    return [turn for event in events for turn in assembler.add(event)] + assembler.finish()


def test_a_turn_is_told_with_all_its_numbers():
    (turn,) = assemble(turn_events())
    assert turn == TurnTrace(
        turn=1,
        began=16_000,
        ended=20_000,
        decided_at=27_680,
        stages=(
            StageTrace(PipelineStage.STT, 18_000, 90, False),
            StageTrace(PipelineStage.LLM, 20_000, 70, False),
            StageTrace(PipelineStage.TTS, 21_000, 30, False),
        ),
        discarded=0,
        silent_at=50_000,
        phrases=2,
        interrupted=True,
        timing=Timing(600, 480, 90, 70, 30, True),
    )
    assert turn.audible_at == 20_000 + 9_600
    assert turn.wasted_ms == 0


def test_a_turn_is_told_as_soon_as_it_is_complete():
    assembler = TraceAssembler()
    *events, last = turn_events()
    assert not any(assembler.add(event) for event in events)
    assert len(assembler.add(last)) == 1
    assert assembler.finish() == []


def test_work_that_was_rolled_back_counts_as_wasted():
    (turn,) = assemble(
        [work(ms=50), GenerationDiscarded(0, 1, ""), work(ms=60), GenerationDiscarded(0, 1, ""), *turn_events()]
    )
    assert turn.discarded == 2
    assert turn.wasted_ms == 110
    assert [stage.wasted for stage in turn.stages] == [True, True, False, False, False]


def test_work_on_what_were_no_words_counts_as_wasted():
    (turn,) = assemble([work(ms=50), SpeechRejected(0, 0, 0, "a cough"), *turn_events()])
    assert (turn.wasted_ms, turn.discarded) == (50, 0)


def test_a_dismissed_sound_wastes_nothing_of_a_turn_that_is_over():
    assembler = TraceAssembler()
    for event in turn_events()[:5]:
        assembler.add(event)
    assembler.add(SpeechRejected(0, 0, 0, "a cough"))
    (turn,) = assembler.finish()
    assert turn.wasted_ms == 0


def test_a_turn_that_nobody_answered_is_told_when_the_next_one_is_over():
    first = [work(), TurnEnded(0, 1, 5, 6, "")]
    turns = assemble([*first, *turn_events(2)])
    assert [(turn.turn, turn.timing is None, turn.silent_at) for turn in turns] == [
        (1, True, None),
        (2, False, 50_000),
    ]
    assert turns[0].audible_at is None


def test_a_turn_that_goes_on_after_it_seemed_over_is_one_turn():
    (turn,) = assemble(
        [work(), TurnEnded(0, 1, 5, 6, ""), PhraseStarted(0, 1, "Oh"), GenerationDiscarded(0, 1, ""), *turn_events()]
    )
    assert (turn.began, turn.phrases, turn.discarded) == (16_000, 2, 1)


def test_a_greeting_is_no_turn():
    assert assemble([work(0), PhraseStarted(0, 0, "Hi"), ReplyEnded(0, 0, "Hi", interrupted=False)]) == []


def test_the_work_kept_for_one_turn_is_bounded():
    (turn,) = assemble(
        [event for _ in range(500) for event in (work(), GenerationDiscarded(0, 1, ""))] + turn_events()
    )
    assert len(turn.stages) <= 60
    assert turn.discarded == 500


EVENTS = st.builds(
    lambda event, turn: replace(event, turn=turn) if hasattr(event, "turn") else event,
    st.sampled_from([*turn_events(), GenerationDiscarded(0, 1, "")]),
    st.integers(0, 4),
)


@given(st.lists(EVENTS, max_size=60))
def test_whatever_happens_each_turn_that_ended_is_told_and_no_other(events: list[Event]):
    turns = assemble(events)
    ended = {event.turn for event in events if isinstance(event, TurnEnded)}
    assert {turn.turn for turn in turns} == ended


# ---------------------------------------------------------------- on disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "trace.jsonl"


def test_the_trace_file_gives_back_what_was_told_without_a_word_of_it(path: Path, clock):
    trace = TraceFile(path, now=clock)
    for event in [*turn_events(1), *turn_events(2)[:6]]:
        trace.on_event(event)
    trace.close()
    assert read_trace(path=path) == [
        TraceLine(clock.time - timedelta(minutes=1), assemble(turn_events(1))[0]),
        TraceLine(clock.time, assemble(turn_events(2)[:6])[0]),
    ]
    assert SECRET not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_trace_file_stays_small_and_keeps_the_latest_turns(path: Path, monkeypatch):
    monkeypatch.setattr(trace_file, "_MAX_FILE_BYTES", 20_000)
    trace = TraceFile(path)
    for turn in range(1, 301):
        for event in turn_events(turn):
            trace.on_event(event)
    trace.close()
    assert [line.turn.turn for line in read_trace(limit=10, path=path)] == list(range(291, 301))
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 50_000
    assert len(list(path.parent.iterdir())) == 2


def test_a_line_that_was_cut_off_is_passed_over(path: Path):
    for turn in (1, 2):
        trace = TraceFile(path)
        for event in turn_events(turn):
            trace.on_event(event)
        trace.close()
        with path.open("a") as file:
            file.write('{"time": "2026-05\n')
    assert [line.turn.turn for line in read_trace(path=path)] == [1, 2]


def test_work_ahead_is_summed_up_in_one_sentence():
    in_vain = [work(2, ms=400), GenerationDiscarded(25_000, 2, "the person went on")]
    unanswered = [work(3), TurnEnded(27_680, 3, 16_000, 20_000, "over"), ReplyEnded(28_000, 3, "", interrupted=True)]
    ahead = SpeculationSummary.from_traces(assemble([*turn_events(1), *in_vain, *turn_events(2), *unanswered]))
    assert ahead == SpeculationSummary(turns=2, ready=2, held_open=0, discarded=1, wasted_ms=400)
    assert str(ahead).startswith("2 of 2 replies were ready when the turn ended; 1 more")


def test_replies_that_were_waited_for_are_told_apart():
    first, second = turn_events(1), turn_events(2)
    waited = [replace(event, due_at=27_000) if isinstance(event, TurnEnded) else event for event in second]
    ahead = SpeculationSummary.from_traces(assemble([*first, *waited]))
    assert "(for 1 of them it stayed open a moment longer)" in str(ahead)


def test_work_in_vain_of_which_nothing_was_completed_has_no_seconds():
    ahead = SpeculationSummary.from_traces(
        assemble([GenerationDiscarded(25_000, 1, "the person went on"), *turn_events(1)])
    )
    assert str(ahead).endswith("1 more were prepared in vain")


def test_there_is_no_trace_on_a_fresh_machine(path: Path):
    assert read_trace(path=path) == []


def test_a_trace_that_cannot_be_written_is_told_once_and_stops_nothing(path: Path, faults):
    path.parent.touch()
    trace = TraceFile(path, faults.fault)
    for turn in (1, 2, 3):
        for event in turn_events(turn):
            trace.on_event(event)
    trace.close()
    assert len(faults.told) == 1
    assert f"The trace {path} cannot be written" in faults.told[0]
