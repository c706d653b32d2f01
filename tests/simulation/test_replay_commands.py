"""``voicemate replay`` and ``voicemate tune`` as people and scripts meet them."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.simulation.recorded_conversation import DECISIONS, hesitant, record
from tests.simulation.simulated_conversation import SimulatedConversation
from voicemate.cli import app
from voicemate.config.loader import load, settings_file
from voicemate.config.schema import TurnSettings
from voicemate.core.errors import RecordingError
from voicemate.replay import replayer
from voicemate.testing.scripted_engines import ScriptedLanguageModel
from voicemate.turns.floor import Floor


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "talk.tape"
    mind = ScriptedLanguageModel(default="Yes. That is a long story and it takes a while to tell.")
    record(
        SimulatedConversation(llm=mind, turn_settings=TurnSettings(shortest_ms=480, longest_ms=480)), path, hesitant
    )
    return path


@pytest.fixture(autouse=True)
def stage_house(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(replayer, "current_decisions", lambda: DECISIONS)
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path / "home"))


def run(*arguments: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments], input=typed)


def test_an_identical_replay_says_so_and_how_fast_it_was(tape: Path) -> None:
    result = run("replay", tape)
    assert result.exit_code == 0
    assert "Identical:" in result.output
    assert "times faster" in result.output


def test_json_for_scripts(tape: Path) -> None:
    told = json.loads(run("replay", "--json", tape).output)
    assert told["identical"] is True
    assert told["ending"] == "closed"
    assert told["decisions"] > 20


def test_another_decision_ends_with_exit_code_1_and_shows_both(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slower = replayer.DecisionFactory(
        DECISIONS.make_segmenter,
        lambda settings: Floor.from_settings(settings.model_copy(update={"turns": SLOW})),
    )
    monkeypatch.setattr(replayer, "current_decisions", lambda: slower)
    result = run("replay", tape)
    assert result.exit_code == 1
    assert "Different from" in result.output
    assert "then  EnterState(state=<FloorState.THINKING" in result.output
    assert "now   nothing" in result.output
    told = json.loads(run("replay", "--json", tape).output)
    assert (told["identical"], told["difference"]["who"], told["difference"]["now"]) == (False, "floor", [])


SLOW = TurnSettings(shortest_ms=5000, longest_ms=5000)


def test_other_settings_are_shown_turn_by_turn(tape: Path) -> None:
    changes = ("--set", "turns.shortest_ms=900", "--set", "turns.longest_ms=900")
    result = run("replay", tape, *changes)
    assert result.exit_code == 0
    assert "turns.shortest_ms = 900, turns.longest_ms = 900" in result.output
    assert "then: 5 turns, median gap" in result.output
    assert "1 false cut-in" in result.output
    assert "now: 4 turns, median gap" in result.output
    told = json.loads(run("replay", "--json", tape, *changes).output)
    assert told["repeats_itself"] is True
    assert (told["then"]["cut_ins"], told["now"]["cut_ins"]) == (1, 0)
    assert told["now"]["gap_ms"] > 900
    assert len(told["turns"]) == 5


@pytest.mark.parametrize("change", ["turns.shortest_ms=soon", "turns.shortest_ms=-5", "stt.model=x", "x=1"])
def test_a_setting_that_cannot_be_tried_is_explained(tape: Path, change: str) -> None:
    result = run("replay", tape, "--set", change)
    assert getattr(result.exception, "exit_code", None) == 3


def test_a_change_without_a_value_is_wrong_usage(tape: Path) -> None:
    assert run("replay", tape, "--set", "turns.shortest_ms").exit_code == 2


def test_a_damaged_recording_is_used_as_far_as_it_goes_with_a_word_about_it(tape: Path, tmp_path: Path) -> None:
    whole = tape.read_bytes()
    middle = len(whole) // 2
    (tmp_path / "a").write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    result = run("replay", tmp_path / "a")
    assert result.exit_code == 0
    assert "is damaged: the" in result.output
    assert "s before that place are used" in result.output


def test_what_is_no_recording_ends_with_the_exit_code_of_recordings(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello")
    result = run("replay", tmp_path / "a")
    assert isinstance(result.exception, RecordingError)
    assert result.exception.exit_code == 14


def test_tuning_shows_the_curve_and_proposes(tape: Path) -> None:
    result = run("tune", tape, tape)
    assert result.exit_code == 0
    assert "P proposed" in result.output
    assert "proposed: turns." in result.output
    told = json.loads(run("tune", "--json", tape).output)
    gaps = [point["gap_ms"] for point in told["curve"]]
    shares = [point["share"] for point in told["curve"]]
    assert gaps == sorted(gaps)
    assert shares == sorted(shares, reverse=True)
    assert told["present"]["turns"] > 0


def test_tuning_writes_what_it_proposes_and_nothing_else(tape: Path) -> None:
    file = settings_file()
    file.parent.mkdir(parents=True)
    file.write_text('# mine\npersona = "xiaolan"\n')
    result = run("tune", tape, "--write", typed="y\n")
    assert result.exit_code == 0, result.output
    assert "+[turns]" in result.output
    assert file.read_text().startswith('# mine\npersona = "xiaolan"\n')
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load().persona == "xiaolan"
    assert load().turns != TurnSettings()


def test_tuning_writes_nothing_when_the_answer_is_no(tape: Path) -> None:
    assert run("tune", tape, "--write", typed="n\n").exit_code == 1
    assert not settings_file().exists()


def test_the_curve_can_be_a_picture(tape: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    result = run("tune", tape, "--plot", tmp_path / "curve.png")
    assert result.exit_code == 0
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
