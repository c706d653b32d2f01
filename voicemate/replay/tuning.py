"""Finds a person's own curve of gap against false cut-ins, and proposes the settings at its knee.

A Pareto local search (Paquete, Chiarandini, Stützle 2004): it varies one setting at a time, first from the current
settings and then from each trial on the frontier. Every number in ``TurnSettings`` is tried below and
above its value.
"""

import difflib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from pydantic import ValidationError

from voicemate.config import editor
from voicemate.config.schema import TurnSettings
from voicemate.core.errors import RecordingError
from voicemate.replay.counterfactual import replay_with
from voicemate.replay.recorded_session import RecordedSession
from voicemate.replay.replayer import DecisionFactory

FACTORS = (0.5, 0.7, 0.85, 1.2, 1.5, 2.0)
"""Factors of a setting's value to try."""

MAX_TRIALS = 150

FEW_TURNS = 30
"""With fewer turns, each one changes the rate of false cut-ins by more than three percentage points."""


@dataclass(frozen=True, slots=True)
class TuningTrial:
    """The result of some settings on all recordings.

    Attributes:
        turn_settings: the settings.
        turns: spoken turns with an audible reply.
        gap_ms, gap_p90_ms: median and 90th percentile of the gap.
        false_cut_ins: turns in which the person was not done.
        estimated: turns at a pause that was not transcribed in the recording.
    """

    turn_settings: TurnSettings
    turns: int
    gap_ms: float
    gap_p90_ms: float
    false_cut_ins: int
    estimated: int

    @property
    def false_cut_in_rate(self) -> float:
        """Share of the turns with a false cut-in, 0 to 1."""
        return self.false_cut_ins / self.turns if self.turns else 0.0


@dataclass(frozen=True, slots=True)
class TuningCurve:
    """The result of a search.

    Attributes:
        current: the trial of the current settings.
        trials: all trials.
        frontier: those that no other beats, by gap.
        knee: the proposed one.
    """

    current: TuningTrial
    trials: list[TuningTrial]
    frontier: list[TuningTrial]
    knee: TuningTrial


def tune(
    sessions: Sequence[RecordedSession],
    decisions: DecisionFactory,
    turn_settings: TurnSettings,
    progress: Callable[[int], None] = lambda done: None,
) -> TuningCurve:
    """Try settings on all recordings together.

    Args:
        sessions: the recordings.
        decisions: makes a floor for each trial.
        turn_settings: the current settings.
        progress: called with the number of trials done, of at most ``MAX_TRIALS``.

    Raises:
        RecordingError: the recordings have no answered turn.
    """

    def attempt(settings: TurnSettings) -> TuningTrial:
        trial = _attempt(sessions, decisions, settings)
        trials[_key(settings)] = trial
        progress(len(trials))
        return trial

    trials: dict[str, TuningTrial] = {}
    current = attempt(turn_settings)
    effective = {name for name, variant in variants(turn_settings) if _differs(attempt(variant), current)}
    explored = {_key(turn_settings)}
    while len(trials) < MAX_TRIALS:
        unexplored = [one for one in pareto_frontier(trials.values()) if _key(one.turn_settings) not in explored]
        if not unexplored:
            break
        explored.add(_key(unexplored[0].turn_settings))
        for name, variant in variants(unexplored[0].turn_settings):
            if name in effective and _key(variant) not in trials and len(trials) < MAX_TRIALS:
                attempt(variant)
    frontier = pareto_frontier(trials.values())
    if not frontier:
        raise RecordingError(
            "These recordings have no answered turn", "Record a conversation with `voicemate talk --record FILE`"
        )
    return TuningCurve(current, list(trials.values()), frontier, knee(frontier))


def pareto_frontier(trials: Iterable[TuningTrial]) -> list[TuningTrial]:
    """Return the trials that no other beats, by gap; the first of equals, and none without a turn."""
    frontier: list[TuningTrial] = []
    for trial in sorted((one for one in trials if one.turns), key=lambda one: (one.gap_ms, one.false_cut_in_rate)):
        if not frontier or trial.false_cut_in_rate < frontier[-1].false_cut_in_rate:
            frontier.append(trial)
    return frontier


def knee(frontier: Sequence[TuningTrial]) -> TuningTrial:
    """Return the trial furthest below the line between the frontier's ends, with both axes scaled to their range.

    This is Kneedle (Satopää and others 2011) without its smoothing.
    """
    gaps, rates = [one.gap_ms for one in frontier], [one.false_cut_in_rate for one in frontier]
    width, height = max(gaps) - min(gaps), max(rates) - min(rates)
    if not width or not height:
        return frontier[0]
    return min(
        frontier, key=lambda one: (one.gap_ms - min(gaps)) / width + (one.false_cut_in_rate - min(rates)) / height
    )


def _attempt(sessions: Sequence[RecordedSession], decisions: DecisionFactory, turns: TurnSettings) -> TuningTrial:
    gaps: list[float] = []
    false_cut_ins = estimated = 0
    for session in sessions:
        settings = session.settings.model_copy(update={"turns": turns})
        outcome = replay_with(session, decisions.make_floor(settings), settings)
        for turn in outcome.turns:
            if turn.gap_ms is not None and not turn.typed:
                gaps.append(turn.gap_ms)
                false_cut_ins += turn.is_false_cut_in(session.onsets)
                estimated += turn.generation_id in outcome.estimated
    p90 = quantiles(gaps, n=10, method="inclusive")[-1] if len(gaps) > 1 else sum(gaps)
    return TuningTrial(turns, len(gaps), median(gaps) if gaps else 0.0, p90, false_cut_ins, estimated)


def variants(turns: TurnSettings) -> list[tuple[str, TurnSettings]]:
    """Return variants of ``turns`` in one number each, within its bounds, with the name of that setting."""
    found: list[tuple[str, TurnSettings]] = []
    for name, value in turns.model_dump().items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        for factor in FACTORS:
            changed = type(value)(round(value * factor, 3))
            try:
                found.append((name, TurnSettings.model_validate(turns.model_dump() | {name: changed})))
            except ValidationError:  # out of bounds
                continue
    return [(name, variant) for name, variant in found if variant != turns]


def _differs(trial: TuningTrial, other: TuningTrial) -> bool:
    same = replace(trial, turn_settings=other.turn_settings, estimated=other.estimated)
    return same != other


def _key(turns: TurnSettings) -> str:
    return turns.model_dump_json()


def apply_to_copy(changes: Mapping[str, Any], path: Path) -> tuple[str, str]:
    """Return the text of the settings file before and after ``changes`` (by dotted key), without writing it.

    Raises:
        SettingsError: the file is not a settings file, or a value is not allowed.
    """
    with tempfile.TemporaryDirectory(prefix="voicemate-") as folder:
        copy = Path(folder) / path.name
        if path.exists():
            shutil.copyfile(path, copy)
        before = copy.read_text(encoding="utf-8-sig") if copy.exists() else ""
        for key, value in changes.items():
            editor.set_setting(key, editor.to_toml(value), copy)
        return before, copy.read_text(encoding="utf-8") if copy.exists() else ""


def unified_diff(before: str, after: str, path: Path) -> str:
    """Return the change of the settings file as ``diff -u`` shows it."""
    lines = (before.splitlines(), after.splitlines())
    return "\n".join(difflib.unified_diff(*lines, f"{path}", f"{path} (proposed)", n=1, lineterm=""))
