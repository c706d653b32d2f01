"""Tuning: from trials to a curve, a proposal, and the settings file."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemate.cli.render.tuning_tables import chart, proposed_changes
from voicemate.config.loader import load
from voicemate.config.schema import TurnSettings
from voicemate.core.errors import SettingsError
from voicemate.replay.tuning import (
    TuningCurve,
    TuningTrial,
    apply_to_copy,
    knee,
    pareto_frontier,
    unified_diff,
    variants,
)

ENDPOINT = TurnSettings(shortest_ms=380, unsure_ms=600)


def trial(gap_ms: float, cut_ins: int, turns: int = 100, endpoint: TurnSettings = ENDPOINT) -> TuningTrial:
    return TuningTrial(endpoint, turns, gap_ms, 2 * gap_ms, cut_ins, 0)


trials = st.lists(
    st.builds(trial, st.integers(100, 3000).map(float), st.integers(0, 100), st.integers(1, 100).map(lambda n: 100)),
    min_size=1,
    max_size=30,
)


@settings(deadline=None, max_examples=50)
@given(trials)
def test_no_trial_beats_the_frontier_and_the_frontier_beats_all_others(tried: list[TuningTrial]) -> None:
    best = pareto_frontier(tried)
    for one in best:
        assert not any(beats(other, one) for other in tried)
    for one in tried:
        equal = any((other.gap_ms, other.false_cut_in_rate) == (one.gap_ms, one.false_cut_in_rate) for other in best)
        assert equal or any(beats(other, one) for other in best)


def beats(one: TuningTrial, other: TuningTrial) -> bool:
    mine, theirs = (one.gap_ms, one.false_cut_in_rate), (other.gap_ms, other.false_cut_in_rate)
    return mine != theirs and mine[0] <= theirs[0] and mine[1] <= theirs[1]


@settings(deadline=None, max_examples=50)
@given(trials)
def test_the_knee_is_on_the_frontier(tried: list[TuningTrial]) -> None:
    assert knee(pareto_frontier(tried)) in pareto_frontier(tried)


def test_the_knee_is_where_more_waiting_stops_paying() -> None:
    best = [trial(300, 40), trial(500, 6), trial(900, 4), trial(1500, 0)]
    assert knee(best) is best[1]


def test_settings_without_an_answered_turn_are_not_on_the_frontier() -> None:
    assert pareto_frontier([trial(0, 0, turns=0), trial(500, 3)]) == [trial(500, 3)]


def test_every_number_is_varied_within_its_bounds() -> None:
    varied = variants(ENDPOINT)
    numbers = {name for name, value in ENDPOINT.model_dump().items() if isinstance(value, int | float)}
    assert {name for name, _ in varied} == numbers
    for name, variant in varied:
        assert variant.model_dump() | {name: None} == ENDPOINT.model_dump() | {name: None}
        assert getattr(variant, name) != getattr(ENDPOINT, name)


def curve() -> TuningCurve:
    first = next(iter(TurnSettings.model_fields))
    better = ENDPOINT.model_copy(update={first: 321})
    present, best = trial(900, 4), [trial(300, 40), trial(500, 6, endpoint=better), trial(1500, 0)]
    return TuningCurve(present, [present, *best], best, best[1])


def test_the_chart_shows_the_current_and_the_proposed_settings() -> None:
    lines = chart(curve())
    assert sum("P" in line for line in lines[:-1]) == 1
    assert sum("N" in line for line in lines[:-1]) == 1
    assert "40%" in lines[1]
    assert max(map(len, lines)) < 80


def test_a_single_trial_has_a_chart_too() -> None:
    alone = trial(500, 0)
    assert any("P" in line for line in chart(TuningCurve(alone, [alone], [alone], alone)))


def test_the_proposal_keeps_comments_and_other_keys(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('# mine\npersona = "xiaolan"  # dear\n\n[turns]\n# slow\nbroken_off_ms = 999\n')
    (key, value), *_ = proposed_changes(curve()).items()
    before, after = apply_to_copy({key: value}, path)
    assert before == path.read_text()
    for kept in ("# mine", 'persona = "xiaolan"  # dear', "# slow", "broken_off_ms = 999"):
        assert kept in after
    shown = unified_diff(before, after, path)
    assert f"+{key.removeprefix('turns.')} = 321" in shown
    (tmp_path / "new.toml").write_text(after)
    assert getattr(load(path=tmp_path / "new.toml").turns, key.removeprefix("turns.")) == 321


def test_the_proposal_for_a_missing_file_is_a_new_file(tmp_path: Path) -> None:
    before, after = apply_to_copy({"turns.broken_off_ms": 321}, tmp_path / "none.toml")
    assert before == ""
    assert "[turns]\nbroken_off_ms = 321" in after
    assert not (tmp_path / "none.toml").exists()


def test_a_broken_settings_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("turns = [")
    with pytest.raises(SettingsError):
        apply_to_copy({"turns.broken_off_ms": 321}, path)
