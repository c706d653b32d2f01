"""Compares the end-of-turn rule with a fixed silence, on recordings of people (``VOICEMATE_SPEECH``).

    python benchmarks/endpoint.py --stt whisper-tiny.en

Every English recording of a single speaker is processed whole, and with a pause of its own room tone between two
words in its middle. At each pause the rule gets what the program knows there and returns a wait. A false cut-in is a
pause longer than that, whether or not a reply would have been ready; ``gap.py`` measures the real gap. The first run
takes half an hour on one slow core; the models' output is cached in the user's cache folder. Results go to
``benchmarks/results/endpoint-<stt>.json``, the plot to ``docs/measurements/images``.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.endpoint_cases import NATURAL_MS, Case, Kind, collect
from benchmarks.kept import PICTURES, keep
from voicemate.config.schema import EndpointDelays, TurnSettings
from voicemate.turns.end_of_turn.default_delays import FAST_STT_DELAYS, SLOW_STT_DELAYS, is_slow_stt
from voicemate.turns.end_of_turn.lexical import breaks_off, is_only_condition, is_only_opener
from voicemate.turns.end_of_turn.pause_model import PauseModel
from voicemate.turns.end_of_turn.rule import DEFAULT_WEIGHTS, EndOfTurnRule, EndOfTurnSignals, EndOfTurnWeights

VOTES = ("breaks_off", "only_opener", "only_condition", "sentence_complete", "voice_complete", "pause_model")
HEARD_MS = 400.0
"""Shortest gap on two cores (``gap.py``: 383 to 478 ms). A person who goes on before it was not cut in on, since no
reply was audible."""
PATIENCES = [float(factor) for factor in np.geomspace(0.5, 3.0, 60)]
SILENCES = range(200, 1_500, 20)

Policy = Callable[[Case, PauseModel], float]
"""Returns the wait for a case (ms), by the speaker's pause model."""


@dataclass(frozen=True)
class Figures:
    """The figures of a policy.

    Attributes:
        median_ms, p90_ms: of the wait at clear ends.
        all_median_ms, all_p90_ms: of the wait at all ends.
        cut_ins: share of pauses with a false cut-in, by kind.
    """

    median_ms: float
    p90_ms: float
    all_median_ms: float
    all_p90_ms: float
    cut_ins: dict[str, float]


def rule(
    only: Sequence[str] = VOTES,
    patience: float = 1.0,
    weights: EndOfTurnWeights = DEFAULT_WEIGHTS,
    ears: EndpointDelays = FAST_STT_DELAYS,
) -> Policy:
    """Return the rule with the signals ``only`` and these default delays."""
    judge = EndOfTurnRule(TurnSettings().with_defaults_resolved(ears), weights)

    def wait(case: Case, habit: PauseModel) -> float:
        votes = EndOfTurnSignals(
            breaks_off=breaks_off(case.text, "en"),
            only_opener=is_only_opener(case.text, "en"),
            only_condition=is_only_condition(case.text, "en"),
            sentence_complete=case.sentence,
            voice_complete=case.voice,
            pause_model=habit,
        )
        return judge.delay(replace(votes, **dict.fromkeys(set(VOTES) - set(only))), patience).ms

    return wait


def fixed(ms: float) -> Policy:
    return lambda case, habit: ms


def not_before(ms: float, policy: Policy) -> Policy:
    """Return ``policy`` with waits of at least ``ms``."""
    return lambda case, habit: max(ms, policy(case, habit))


def figures(cases: Iterable[Case], policy: Policy) -> Figures:
    waits = list(_waits(cases, policy))
    ends = [(case, wait) for case, wait in waits if case.kind is Kind.END and case.text]
    clear = [(case, wait) for case, wait in ends if case.clear]
    pauses = [(_name(case), case.cut_in(wait)) for case, wait in waits if _name(case)]
    kinds = sorted({name for name, _ in pauses})
    return Figures(
        *_percentiles(wait for _, wait in clear),
        *_percentiles(wait for _, wait in ends),
        {kind: float(np.mean([cut for name, cut in pauses if name == kind])) for kind in kinds},
    )


def _waits(cases: Iterable[Case], policy: Policy) -> Iterable[tuple[Case, float]]:
    """Yield each case with its wait; the pause model starts anew in each recording."""
    clip, habit = "", PauseModel()
    for case in cases:
        if case.clip != clip or case.inserted_s:
            clip, habit = case.clip, PauseModel()
        wait = policy(case, habit)
        yield case, wait
        if case.lasted is not None:
            habit = habit.after_pause(case.lasted, case.cut_in(wait))


def _name(case: Case) -> str:
    """Return the kind that the case counts for; empty for an end, or a pause too short to notice."""
    if case.kind is Kind.INSERTED:
        return f"{case.inserted_s:.1f} s"
    return "natural" if case.kind is Kind.NATURAL and (case.lasted or 0) >= NATURAL_MS else ""


def _percentiles(values: Iterable[float]) -> tuple[float, float]:
    median, p90 = np.percentile(list(values), [50, 90])
    return float(median), float(p90)


def as_quick(
    cases: list[Case], like: Figures, only: Sequence[str], weights: EndOfTurnWeights = DEFAULT_WEIGHTS
) -> Figures:
    """Return the figures of the rule with the signals ``only``, scaled to the median of ``like``."""
    patience = like.median_ms / figures(cases, rule(only, weights=weights)).median_ms
    return figures(cases, rule(only, patience, weights))


def ablation(cases: list[Case]) -> dict[str, Figures]:
    whole = figures(cases, rule())
    table = {"the rule": whole, "a fixed silence": figures(cases, fixed(whole.median_ms))}
    table[f"the rule, heard after {HEARD_MS:.0f} ms at the earliest"] = figures(cases, not_before(HEARD_MS, rule()))
    without_voice = [vote for vote in VOTES if vote != "voice_complete"]
    table["the same without the voice's vote"] = figures(cases, not_before(HEARD_MS, rule(without_voice)))
    table[f"a fixed silence of {HEARD_MS:.0f} ms"] = figures(cases, fixed(HEARD_MS))
    slow = figures(cases, rule(without_voice, ears=SLOW_STT_DELAYS))
    table["without the voice's vote, as with slow ears"] = slow
    table[f"a fixed silence of {slow.median_ms:.0f} ms"] = figures(cases, fixed(slow.median_ms))
    for vote in VOTES:
        table[f"without {vote}"] = as_quick(cases, whole, [other for other in VOTES if other != vote])
    for vote in VOTES:
        table[f"{vote} alone"] = as_quick(cases, whole, [vote])
    return table


def cross_validated(cases: list[Case]) -> dict[str, Figures]:
    """Choose the weights on one half of the sources and try them on the other, both ways."""
    choices = [
        (
            FAST_STT_DELAYS._replace(unsure_ms=FAST_STT_DELAYS.shortest_ms + more),
            replace(DEFAULT_WEIGHTS, open_ms=open_ms),
        )
        for more in (0, 100, 200, 300, 400)
        for open_ms in (0.0, 300.0, 600.0, 1_000.0, 1_500.0)
    ]
    sources = sorted({case.clip.split("/")[0] for case in cases})
    table = {}
    for name, part in (("even", sources[::2]), ("odd", sources[1::2])):
        tried = [case for case in cases if case.clip.split("/")[0] in part]
        others = [case for case in cases if case.clip.split("/")[0] not in part]
        ears, weights = min(
            choices, key=lambda choice: _cost(figures(others, rule(ears=choice[0], weights=choice[1])))
        )
        chosen = f"{name} sources, chosen on the others ({ears.unsure_ms}, {weights.open_ms:.0f})"
        table[chosen] = figures(tried, rule(ears=ears, weights=weights))
        shipped = f"{name} sources, as it ships ({FAST_STT_DELAYS.unsure_ms}, {DEFAULT_WEIGHTS.open_ms:.0f})"
        table[shipped] = figures(tried, rule())
    return table


def _cost(made: Figures) -> float:
    """Weigh 100 ms at the median, or 300 ms at the 90th percentile, like 5% of the pauses."""
    return made.median_ms / 100 + made.p90_ms / 300 + sum(made.cut_ins.values()) / len(made.cut_ins) * 20


def show(table: dict[str, Figures]) -> None:
    kinds = sorted(next(iter(table.values())).cut_ins)
    print(f"{'':52}{'median':>8}{'p90':>7}{'all p90':>9}" + "".join(f"{kind:>9}" for kind in kinds))
    for name, made in table.items():
        shares = "".join(f"{100 * made.cut_ins[kind]:8.1f}%" for kind in kinds)
        print(f"{name:52}{made.median_ms:8.0f}{made.p90_ms:7.0f}{made.all_p90_ms:9.0f}{shares}")


def draw(cases: list[Case], ears: EndpointDelays, path: Path) -> None:
    """Plot false cut-ins against the median wait, for each kind of pause.

    Args:
        cases: all cases.
        ears: the default delays of the speech recognition model on this machine.
        path: of the plot.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ruled = [figures(cases, rule(patience=patience)) for patience in PATIENCES]
    plain = [figures(cases, fixed(ms)) for ms in SILENCES]
    here = figures(cases, rule(ears=ears))
    kinds = [kind for kind in sorted(here.cut_ins) if kind != "1.5 s"]
    figure, axes = plt.subplots(1, len(kinds), figsize=(3.4 * len(kinds), 3.4), sharey=True, layout="constrained")
    for axis, kind in zip(axes, kinds, strict=True):
        axis.set_title("natural pauses" if kind == "natural" else f"{kind} inside a sentence", fontsize=10)
        for label, made in (("a fixed silence", plain), ("the rule", ruled)):
            axis.plot([one.median_ms for one in made], [100 * one.cut_ins[kind] for one in made], label=label)
        axis.plot(here.median_ms, 100 * here.cut_ins[kind], "o", color="C1", label="as it ships")
        axis.set(xlim=(200, 1_200), ylim=(-2, 102), xlabel="median wait at clear ends, ms")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("false cut-ins, %")
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stt", default="whisper-tiny.en", help="the whisper model")
    options = parser.parse_args()
    cases = asyncio.run(collect(options.stt))
    counts = {name: sum(_name(case) == name for case in cases) for name in sorted({_name(c) for c in cases}) if name}
    counts |= {"ends": sum(case.kind is Kind.END and bool(case.text) for case in cases)}
    counts |= {"clear ends": sum(case.kind is Kind.END and bool(case.text) and case.clear for case in cases)}
    print("pauses:", counts, "\n")
    tables = {"ablation": ablation(cases), "cross-validation": cross_validated(cases)}
    for table in tables.values():
        show(table)
        print()
    keep(
        f"endpoint-{options.stt}",
        f"python benchmarks/endpoint.py --stt {options.stt}",
        pauses=counts,
        tables={title: {name: asdict(row) for name, row in table.items()} for title, table in tables.items()},
        cases=[asdict(case) for case in cases],
    )
    ears = SLOW_STT_DELAYS if is_slow_stt(options.stt) else FAST_STT_DELAYS
    draw(cases, ears, PICTURES / f"endpoint-{options.stt}.png")


if __name__ == "__main__":
    main()
