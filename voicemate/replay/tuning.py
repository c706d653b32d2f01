"""A person's own curve of gap against false cut-ins, and the settings at its knee.

The settings are varied one at a time, first from those of the recording and then from each one that no other beats in
both gap and cut-ins (a Pareto local search: Paquete, Chiarandini, Stützle 2004). It knows nothing about any single
setting: whatever number ``TurnSettings`` has is tried below and above its value.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from pydantic import ValidationError

from voicemate.config.schema import TurnSettings
from voicemate.core.errors import RecordingError
from voicemate.replay.counterfactual import replay_with
from voicemate.replay.recorded_session import RecordedSession
from voicemate.replay.replayer import DecisionFactory

FACTORS = (0.5, 0.7, 0.85, 1.2, 1.5, 2.0)
"""Of a setting's present value."""

MAX_TRIALS = 150

FEW_TURNS = 30
"""With fewer, one turn more or less moves the share of cut-ins by more than three percentage points."""


@dataclass(frozen=True, slots=True)
class TuningTrial:
    """What some settings would have made of all recordings.

    Attributes:
        turns: that a reply was heard to.
        gap_ms, slow_gap_ms: median and 90th percentile.
        cut_ins: turns in which the person was not done.
        estimated: turns that rest on a pause whose words are not on the recording.
    """

    turn_settings: TurnSettings
    turns: int
    gap_ms: float
    gap_p90_ms: float
    false_cut_ins: int
    estimated: int

    @property
    def false_cut_in_rate(self) -> float:
        """Of the turns, in which the person was cut off."""
        return self.false_cut_ins / self.turns if self.turns else 0.0


@dataclass(frozen=True, slots=True)
class TuningCurve:
    """What was found.

    Attributes:
        present: with the settings as they are now.
        trials: all of them.
        best: those that no other beats, by gap.
        knee: the one that is proposed.
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
        endpoint: the settings as they are now.
        progress: told how many trials are done, of ``MOST_TRIALS`` at most.

    Raises:
        RecordingError: there is not one turn to learn from.
    """

    def attempt(settings: TurnSettings) -> TuningTrial:
        made = _attempt(sessions, decisions, settings)
        trials[_key(settings)] = made
        progress(len(trials))
        return made

    trials: dict[str, TuningTrial] = {}
    present = attempt(turn_settings)
    effective = {name for name, variant in variants(turn_settings) if _differs(attempt(variant), present)}
    explored = {_key(turn_settings)}
    while len(trials) < MAX_TRIALS:
        unexplored = [one for one in pareto_frontier(trials.values()) if _key(one.turn_settings) not in explored]
        if not unexplored:
            break
        explored.add(_key(unexplored[0].turn_settings))
        for name, variant in variants(unexplored[0].turn_settings):
            if name in effective and _key(variant) not in trials and len(trials) < MAX_TRIALS:
                attempt(variant)
    best = pareto_frontier(trials.values())
    if not best:
        raise RecordingError(
            "There is no answered turn on these recordings",
            "Record a conversation with `voicemate talk --record FILE`",
        )
    return TuningCurve(present, list(trials.values()), best, knee(best))


def pareto_frontier(trials: Iterable[TuningTrial]) -> list[TuningTrial]:
    """The trials that no other beats, by gap; of equals the first. Those without a single turn are none of them."""
    found: list[TuningTrial] = []
    for trial in sorted((one for one in trials if one.turns), key=lambda one: (one.gap_ms, one.false_cut_in_rate)):
        if not found or trial.false_cut_in_rate < found[-1].false_cut_in_rate:
            found.append(trial)
    return found


def knee(best: Sequence[TuningTrial]) -> TuningTrial:
    """Where a curve bends most: the point furthest below the line between its ends, both axes scaled to their range.

    That is the rule of Kneedle (Satopää and others 2011) without its smoothing.

    Args:
        best: a frontier, by gap.
    """
    gaps, shares = [one.gap_ms for one in best], [one.false_cut_in_rate for one in best]
    wide, high = max(gaps) - min(gaps), max(shares) - min(shares)
    if not wide or not high:
        return best[0]
    return min(best, key=lambda one: (one.gap_ms - min(gaps)) / wide + (one.false_cut_in_rate - min(shares)) / high)


def _attempt(pasts: Sequence[RecordedSession], house: DecisionFactory, endpoint: TurnSettings) -> TuningTrial:
    gaps: list[float] = []
    cut_ins = estimated = 0
    for past in pasts:
        settings = past.settings.model_copy(update={"turns": endpoint})
        found = replay_with(past, house.make_floor(settings), settings)
        for turn in found.turns:
            if turn.gap_ms is not None and not turn.typed:
                gaps.append(turn.gap_ms)
                cut_ins += turn.is_false_cut_in(past.onsets)
                estimated += turn.generation_id in found.estimated
    slow = quantiles(gaps, n=10, method="inclusive")[-1] if len(gaps) > 1 else sum(gaps)
    return TuningTrial(endpoint, len(gaps), median(gaps) if gaps else 0.0, slow, cut_ins, estimated)


def variants(endpoint: TurnSettings) -> list[tuple[str, TurnSettings]]:
    """Each numeric setting a little and a lot lower and higher, as far as it may be."""
    found: list[tuple[str, TurnSettings]] = []
    for name, value in endpoint.model_dump().items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        for factor in FACTORS:
            changed = type(value)(round(value * factor, 3))
            try:
                found.append((name, TurnSettings.model_validate(endpoint.model_dump() | {name: changed})))
            except ValidationError:  # out of its bounds
                continue
    return [(name, variant) for name, variant in found if variant != endpoint]


def _differs(trial: TuningTrial, other: TuningTrial) -> bool:
    return (trial.turns, trial.gap_ms, trial.gap_p90_ms, trial.false_cut_ins) != (
        other.turns,
        other.gap_ms,
        other.gap_p90_ms,
        other.false_cut_ins,
    )


def _key(endpoint: TurnSettings) -> str:
    return endpoint.model_dump_json()
