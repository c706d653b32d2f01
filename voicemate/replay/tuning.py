"""A person's own curve of gap against false cut-ins, and the settings at its knee.

The settings are varied one at a time, first from those of the recording and then from each one that no other beats in
both gap and cut-ins (a Pareto local search: Paquete, Chiarandini, Stützle 2004). It knows nothing about any single
setting: whatever number ``EndpointSettings`` has is tried below and above its value.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from pydantic import ValidationError

from voicemate.config.schema import TurnSettings
from voicemate.core.errors import RecordingError
from voicemate.replay.counterfactual import outcome
from voicemate.replay.recorded_session import RecordedSession
from voicemate.replay.replayer import DecisionFactory

FACTORS = (0.5, 0.7, 0.85, 1.2, 1.5, 2.0)
"""Of a setting's present value."""

MOST_TRIALS = 150

FEW_TURNS = 30
"""With fewer, one turn more or less moves the share of cut-ins by more than three percentage points."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What some settings would have made of all recordings.

    Attributes:
        turns: that a reply was heard to.
        gap_ms, slow_gap_ms: median and 90th percentile.
        cut_ins: turns in which the person was not done.
        estimated: turns that rest on a pause whose words are not on the recording.
    """

    endpoint: TurnSettings
    turns: int
    gap_ms: float
    slow_gap_ms: float
    cut_ins: int
    estimated: int

    @property
    def share(self) -> float:
        """Of the turns, in which the person was cut off."""
        return self.cut_ins / self.turns if self.turns else 0.0


@dataclass(frozen=True, slots=True)
class Curve:
    """What was found.

    Attributes:
        present: with the settings as they are now.
        trials: all of them.
        best: those that no other beats, by gap.
        knee: the one that is proposed.
    """

    present: Trial
    trials: list[Trial]
    best: list[Trial]
    knee: Trial


def tune(
    pasts: Sequence[RecordedSession],
    house: DecisionFactory,
    endpoint: TurnSettings,
    progress: Callable[[int], None] = lambda done: None,
) -> Curve:
    """Try settings on all recordings together.

    Args:
        endpoint: the settings as they are now.
        progress: told how many trials are done, of ``MOST_TRIALS`` at most.

    Raises:
        TapeError: there is not one turn to learn from.
    """

    def attempt(settings: TurnSettings) -> Trial:
        made = _attempt(pasts, house, settings)
        trials[_key(settings)] = made
        progress(len(trials))
        return made

    trials: dict[str, Trial] = {}
    present = attempt(endpoint)
    effective = {name for name, variant in variants(endpoint) if _differs(attempt(variant), present)}
    explored = {_key(endpoint)}
    while len(trials) < MOST_TRIALS:
        unexplored = [one for one in frontier(trials.values()) if _key(one.endpoint) not in explored]
        if not unexplored:
            break
        explored.add(_key(unexplored[0].endpoint))
        for name, variant in variants(unexplored[0].endpoint):
            if name in effective and _key(variant) not in trials and len(trials) < MOST_TRIALS:
                attempt(variant)
    best = frontier(trials.values())
    if not best:
        raise RecordingError(
            "There is no answered turn on these recordings",
            "Record a conversation with `voicemate talk --record FILE`",
        )
    return Curve(present, list(trials.values()), best, knee(best))


def frontier(trials: Iterable[Trial]) -> list[Trial]:
    """The trials that no other beats, by gap; of equals the first. Those without a single turn are none of them."""
    found: list[Trial] = []
    for trial in sorted((one for one in trials if one.turns), key=lambda one: (one.gap_ms, one.share)):
        if not found or trial.share < found[-1].share:
            found.append(trial)
    return found


def knee(best: Sequence[Trial]) -> Trial:
    """Where a curve bends most: the point furthest below the line between its ends, both axes scaled to their range.

    That is the rule of Kneedle (Satopää and others 2011) without its smoothing.

    Args:
        best: a frontier, by gap.
    """
    gaps, shares = [one.gap_ms for one in best], [one.share for one in best]
    wide, high = max(gaps) - min(gaps), max(shares) - min(shares)
    if not wide or not high:
        return best[0]
    return min(best, key=lambda one: (one.gap_ms - min(gaps)) / wide + (one.share - min(shares)) / high)


def _attempt(pasts: Sequence[RecordedSession], house: DecisionFactory, endpoint: TurnSettings) -> Trial:
    gaps: list[float] = []
    cut_ins = estimated = 0
    for past in pasts:
        settings = past.settings.model_copy(update={"turns": endpoint})
        found = outcome(past, house.floor(settings), settings)
        for turn in found.turns:
            if turn.gap_ms is not None and not turn.typed:
                gaps.append(turn.gap_ms)
                cut_ins += turn.cut_in(past.onsets)
                estimated += turn.number in found.estimated
    slow = quantiles(gaps, n=10, method="inclusive")[-1] if len(gaps) > 1 else sum(gaps)
    return Trial(endpoint, len(gaps), median(gaps) if gaps else 0.0, slow, cut_ins, estimated)


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


def _differs(trial: Trial, other: Trial) -> bool:
    return (trial.turns, trial.gap_ms, trial.slow_gap_ms, trial.cut_ins) != (
        other.turns,
        other.gap_ms,
        other.slow_gap_ms,
        other.cut_ins,
    )


def _key(endpoint: TurnSettings) -> str:
    return endpoint.model_dump_json()
