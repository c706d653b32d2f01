"""The live view and the plain view."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from voicemate.cli.render.live_view import LiveView, PlainView, choose_view, meter_steps, timing_line
from voicemate.core.events import (
    Event,
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    MicrophoneLevel,
    PhraseQueued,
    PhraseStarted,
    PipelineStage,
    ReplyEnded,
    StageTimed,
    Transcribed,
    TurnEnded,
    TurnTimed,
)

TURN: list[Event] = [
    FloorChanged(0, FloorState.LISTENING, "ready"),
    FloorChanged(1_000, FloorState.HEARING, "a voice"),
    Transcribed(2_000, 1, "what time", "en", final=False),
    GenerationDiscarded(2_100, 1, "the user went on"),
    Transcribed(3_000, 1, "what time is it", "en", final=True),
    PhraseQueued(3_100, 1, "High time, ", "High time,"),
    PhraseStarted(3_200, 1, "High time, "),
    TurnTimed(3_200, 1, gap=487.4, endpoint=480, stt=210, llm=80, tts=20, ready=True),
    ReplyEnded(9_000, 1, "High time, I should say.", interrupted=False),
    FloorChanged(9_000, FloorState.LISTENING, "the character is done"),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    return tmp_path


def terminal(width: int = 100) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=True, width=width, color_system=None), out


def plain() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=False, width=200), out


@pytest.mark.parametrize(
    ("ready", "awaited", "told"),
    [
        (True, 0, "end of turn 480 · stt 210 + llm 80 + tts 20 · ready when you stopped"),
        (True, 60, "end of turn 420 · stt 210 + llm 80 + tts 20 · ready 60 ms later"),
        (False, 200, "end of turn 280 · stt 210 + llm 80 + tts 20 · not ready in time"),
    ],
)
def test_the_latency_of_a_turn_that_was_held_open(ready: bool, awaited: float, told: str) -> None:
    timed = TurnTimed(3_200, 1, 487.4, 480, stt=210, llm=80, tts=20, ready=ready, held_open=awaited)
    assert timing_line(timed) == f"gap 487 ms · {told}"


def test_plain_lines_show_the_conversation_and_its_latency() -> None:
    console, out = plain()
    with PlainView(console, "Juniper on two models", "Juniper") as view:
        for event in TURN:
            view(event)
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert "you  what time is it" in lines
    assert "Juniper  High time, I should say." in lines
    assert any(line.startswith("gap 487 ms") and "ready when you stopped" in line for line in lines)
    assert not any("what time" in line and "is it" not in line for line in lines), "interim transcripts are not shown"


def test_an_interrupted_reply_is_marked() -> None:
    console, out = plain()
    with PlainView(console, "", "Juniper") as view:
        view(ReplyEnded(9_000, 1, "High time,", interrupted=True))
    assert "Juniper  High time, [interrupted]" in out.getvalue()


def test_discarded_work_is_shown_with_the_turn() -> None:
    console, out = plain()
    with PlainView(console, "", "Juniper") as view:
        for event in [
            StageTimed(900, 1, PipelineStage.STT, 500, ms=210),
            StageTimed(950, 1, PipelineStage.LLM, 900, ms=80),
            GenerationDiscarded(1_000, 1, "the user went on"),
            StageTimed(2_900, 1, PipelineStage.STT, 2_500, ms=200),
            TurnEnded(3_000, 1, 100, 2_400, "350 ms of silence"),
            *TURN[4:],
        ]:
            view(event)
    assert "ready when you stopped · a reply discarded, 290 ms" in out.getvalue()


def test_discarded_work_without_a_completed_stage_has_no_time() -> None:
    console, out = plain()
    with PlainView(console, "", "Juniper") as view:
        for event in [
            GenerationDiscarded(1_000, 1, "the user went on"),
            GenerationDiscarded(2_000, 1, "the user went on"),
            TurnEnded(3_000, 1, 100, 2_400, "350 ms of silence"),
            *TURN[4:],
        ]:
            view(event)
    assert "ready when you stopped · 2 replies discarded\n" in out.getvalue()


def test_a_recording_is_always_shown() -> None:
    console, out = terminal()
    with LiveView(console, "Juniper", "Juniper", recording=True):
        assert "● recording" in out.getvalue()
    console, out = plain()
    with PlainView(console, "Juniper", "Juniper", recording=True):
        assert "recording" in out.getvalue()
    console, out = terminal()
    with LiveView(console, "Juniper", "Juniper"):
        assert "recording" not in out.getvalue()


def test_the_live_view_shows_interim_transcripts_and_the_reply() -> None:
    console, out = terminal()
    with LiveView(console, "Juniper", "Juniper") as view:
        for event in TURN[:3]:
            view(event)
        assert "what time" in out.getvalue()
        for event in TURN[3:7]:
            view(event)
        assert "High time," in out.getvalue()


def test_silence_does_not_redraw() -> None:
    console, out = terminal()
    with LiveView(console, "Juniper", "Juniper") as view:
        view(FloorChanged(0, FloorState.LISTENING, "ready"))
        drawn = len(out.getvalue())
        for at in range(100):
            view(MicrophoneLevel(at, dbfs=-90 + at % 3, voice=0.0))
        assert len(out.getvalue()) == drawn


def test_a_fault_stays_visible_with_its_hint() -> None:
    console, out = terminal()
    with LiveView(console, "Juniper", "Juniper") as view:
        view(Fault(0, "microphone", "The microphone is gone", "Plug it in again"))
        assert "The microphone is gone. Plug it in again" in out.getvalue()


def test_output_of_libraries_does_not_garble_the_live_view(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    console, _ = terminal()
    with LiveView(console, "Juniper", "Juniper"):
        os.write(2, b"ALSA lib pcm.c: underrun occurred\n")
    os.write(2, b"and again\n")
    assert capfd.readouterr().err == "and again\n"
    assert "underrun" in (home / "state" / "native.log").read_text()


def test_a_transcript_is_shown_once() -> None:
    console, out = terminal()
    with LiveView(console, "Juniper", "Juniper") as view:
        for event in TURN[:5]:
            view(event)
        drawn = out.getvalue()
        view(MicrophoneLevel(3_050, dbfs=-20, voice=0.9))
    assert "what time is it" in drawn
    assert "what time is it" not in out.getvalue()[len(drawn) :]


def test_the_meter_stays_within_its_scale() -> None:
    steps = [meter_steps(dbfs) for dbfs in (-200, -60, -30, 0, 20)]
    assert steps == sorted(steps)
    assert steps[0] == steps[1] == 0
    assert steps[-1] == steps[-2]


def test_pipes_get_plain_lines_and_terminals_the_live_view() -> None:
    assert isinstance(choose_view(plain()[0], live=True)("", ""), PlainView)
    assert isinstance(choose_view(terminal()[0], live=True)("", ""), LiveView)
    assert isinstance(choose_view(terminal()[0], live=False)("", ""), PlainView)


@pytest.mark.parametrize("state", FloorState)
def test_every_state_has_a_name_in_the_live_view(state: FloorState) -> None:
    console, out = terminal()
    with LiveView(console, "Juniper", "Juniper") as view:
        view(FloorChanged(0, state, "why"))
    assert state.value in out.getvalue()


def test_a_discarded_reply_is_removed() -> None:
    console, _ = terminal()
    with LiveView(console, "Juniper", "Juniper") as view:
        for event in (*TURN[4:7], GenerationDiscarded(3_300, 1, "the user speaks")):
            view(event)
        assert "High time" not in shown(view)


def test_a_reply_stays_while_another_turn_is_discarded() -> None:
    console, _ = terminal()
    with LiveView(console, "Juniper", "Juniper") as view:
        for event in (*TURN[4:7], GenerationDiscarded(3_300, 2, "the user went on")):
            view(event)
        assert "High time" in shown(view)


def shown(view: LiveView) -> str:
    return "\n".join(line.plain for line in view._lines())
