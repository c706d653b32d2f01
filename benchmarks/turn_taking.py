"""Makes the table of turn-taking: every measure for a few settings.

    python benchmarks/turn_taking.py

It collects the results of the other benchmarks, and runs those that are missing (``--again``: all). Each measure is
taken with the settings that affect it. The table goes to ``benchmarks/results/turn-taking.md``, a plot to
``docs/measurements/images``.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.endpoint import figures, rule
from benchmarks.endpoint_cases import Case, Kind
from benchmarks.kept import PICTURES
from voicemate.config.schema import Settings

HERE = Path(__file__).parent
RESULTS = HERE / "results"
HEARING = "whisper-tiny.en"


@dataclass(frozen=True)
class Setting:
    """A column of the table.

    Attributes:
        way: its name among ``speculation.WAYS``; empty without an effect.
        patience: ``turns.patience``; None for the default.
        bid_ms: ``barge_in.min_interruption_ms``; None for the default.
    """

    name: str
    way: str = ""
    patience: float | None = None
    bid_ms: int | None = None


SHIPPED = Setting("as it ships", "as it ships", patience=1.0, bid_ms=Settings().barge_in.min_interruption_ms)
SETTINGS = (
    SHIPPED,
    Setting("patience 0.7", "patience 0.7", patience=0.7),
    Setting("patience 1.75", "patience 1.75", patience=1.75),
    Setting("careful", "careful, as on battery"),
    Setting("no drafts", "no drafts"),
    Setting("fast engines", "engines four times as fast"),
    Setting("bid 0.8 s", bid_ms=800),
    Setting("bid 2 s", bid_ms=2_000),
)
ECHOES_DB = (-30, -20, -10)


def barge_in_file(bid_ms: int, echo_db: int = -20) -> tuple[str, list[str]]:
    """Return the result's name, and the arguments of ``barge_in.py`` for it."""
    asked, name = list[str](), "barge-in"
    if bid_ms != SHIPPED.bid_ms:
        name, asked = f"{name}-bid-{bid_ms}", [*asked, "--set", f"barge_in.min_interruption_ms = {bid_ms}"]
    if echo_db != -20:
        name, asked = f"{name}-echo{echo_db}", [*asked, "--echo-db", str(echo_db)]
    if asked:
        asked += ["--bids", "20"]
    return f"{name}.json", asked


def wanted() -> dict[str, list[str]]:
    """Return every result with the command that makes it."""
    commands = {
        "phantom.json": ["phantom.py"],
        "echo.json": ["echo.py"],
        "speculation.json": ["speculation.py"],
        f"endpoint-{HEARING}.json": ["endpoint.py", "--stt", HEARING],
    }
    barged = [barge_in_file(setting.bid_ms) for setting in SETTINGS if setting.bid_ms]
    barged += [barge_in_file(SHIPPED.bid_ms or 0, echo) for echo in ECHOES_DB]
    return commands | {name: ["barge_in.py", *asked, "--out", str(RESULTS / name)] for name, asked in barged}


def gather(again: bool, as_is: bool, threads: int) -> dict[str, Any]:
    """Return all results by name; measure missing ones now, or leave them out."""
    for name, (script, *asked) in wanted().items():
        if again or not (as_is or (RESULTS / name).is_file()):
            print(f"measuring {name}: {script} {' '.join(asked)}", flush=True)
            given = [] if script == "endpoint.py" else ["--threads", str(threads)]
            subprocess.run([sys.executable, str(HERE / script), *asked, *given], check=True)
    return {name: json.loads((RESULTS / name).read_text()) for name in wanted() if (RESULTS / name).is_file()}


# ---------------------------------------------------------------- the measures


Measure = Callable[[dict[str, Any], Setting], str]
"""Returns a cell of the table; empty if the setting does not affect the measure."""


def rows_of(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return found[name]["rows"] if name in found else []


def conversation(of: Callable[[dict[str, Any]], str]) -> Measure:
    """Return a measure of ``speculation.py``'s conversation."""

    def cell(found: dict[str, Any], setting: Setting) -> str:
        rows = [row for row in rows_of(found, "speculation.json") if row["way"] == setting.way]
        return of(rows[0]) if rows else ""

    return cell


def cut_ins(kind: str) -> Measure:
    def cell(found: dict[str, Any], setting: Setting) -> str:
        if setting.patience is None:
            return ""
        made = figures(cases(found), rule(patience=setting.patience))
        return f"{100 * made.cut_ins[kind]:.0f}%"

    return cell


def cases(found: dict[str, Any]) -> list[Case]:
    kept = found[f"endpoint-{HEARING}.json"]["cases"]
    return [Case(**{**case, "kind": Kind(case["kind"]), "voice": None}) for case in kept]


def barged(of: Callable[[dict[str, Any]], str], echo_db: int = -20) -> Measure:
    def cell(found: dict[str, Any], setting: Setting) -> str:
        if setting.bid_ms is None or (echo_db != -20 and setting is not SHIPPED):
            return ""
        result = found.get(barge_in_file(setting.bid_ms, echo_db)[0])
        return of(result["summary"]) if result else ""

    return cell


def alone(echo_db: int) -> Measure:
    """Return how often the character interrupted itself or took a turn of its own, and paused, in all rooms."""

    def cell(found: dict[str, Any], setting: Setting) -> str:
        if setting is not SHIPPED:
            return ""
        rows = [row for row in rows_of(found, "echo.json") if row["echo_db"] == echo_db]
        disturbed, paused, minutes = (
            sum(row[name] for name in names for row in rows)
            for names in (("broken_off", "turns"), ("paused",), ("minutes",))
        )
        return f"{disturbed}, paused {paused} times, in {minutes:.0f} min"

    return cell


def phantoms(sound: str) -> Measure:
    def cell(found: dict[str, Any], setting: Setting) -> str:
        if setting is not SHIPPED:
            return ""
        rows = [row for row in rows_of(found, "phantom.json") if row["sound"] == sound]
        told = [f"{60 * row['turns'] / row['minutes']:.0f}{' (called by name)' * row['wake_phrase']}" for row in rows]
        return ", ".join(told)

    return cell


def pair(first: str, second: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: f"{row[first]} / {row[second]}"


def part(some: str, whole: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: f"{row[some]} of {row[whole]}"


MEASURES: dict[str, Measure] = {
    "gap in the simulated room, p50 / p90 (ms)": conversation(pair("gap_p50", "gap_p90")),
    "first sound ready when the turn ended": conversation(lambda row: f"{100 * row['ready']:.0f}%"),
    "... without the turn staying open for it": conversation(lambda row: f"{100 * row['ready_when_due']:.0f}%"),
    "first sound after the turn was over, p50 / p90 (ms)": conversation(pair("late_p50", "late_p90")),
    "replies prepared / thrown away": conversation(pair("prepared", "thrown_away")),
    "whisper / language model (s of work)": conversation(
        lambda row: f"{row['whisper_ms'] / 1000:.0f} / {row['mind_ms'] / 1000:.0f}"
    ),
    "turns missed": conversation(part("missed", "said")),
    "answered before the last word": conversation(part("cut_ins", "said")),
    "... after which the two halves became one turn": conversation(part("taken_back", "cut_ins")),
    **{f"false cut-ins at {kind} inside a sentence": cut_ins(kind) for kind in ("0.3 s", "0.6 s", "1.0 s", "1.5 s")},
    "false cut-ins at natural pauses": cut_ins("natural"),
    "bids that stopped it": barged(part("bids_that_stopped_it", "bids")),
    "... echo at −30 dB": barged(part("bids_that_stopped_it", "bids"), -30),
    "... echo at −10 dB": barged(part("bids_that_stopped_it", "bids"), -10),
    "from their first sample to silence, p50 / p90 (ms)": barged(
        pair("silent_after_ms_median", "silent_after_ms_p90")
    ),
    "... echo at −30 dB (ms)": barged(pair("silent_after_ms_median", "silent_after_ms_p90"), -30),
    "... echo at −10 dB (ms)": barged(pair("silent_after_ms_median", "silent_after_ms_p90"), -10),
    "false stops": barged(part("false_stops", "others")),
    "resumed and heard whole": barged(
        lambda row: f"{row['others_after_which_it_went_on_whole']} of {row['others'] - row['false_stops']}"
    ),
    "heard prefix off by a word at most": barged(part("heard_prefix_within_a_word", "heard_prefixes")),
    **{f"broke off or took turns by itself, echo {echo} dB".replace("-", "−"): alone(echo) for echo in ECHOES_DB},
    "phantom turns an hour: noises": phantoms("noises"),
    "... music": phantoms("music"),
    "... chatter of five": phantoms("chatter of five"),
    "... two people close by": phantoms("two at once"),
    "... television": phantoms("television"),
}


def table(found: dict[str, Any]) -> str:
    """Return the table in Markdown: a line for each measure, a column for each setting."""
    lines = ["| | " + " | ".join(setting.name for setting in SETTINGS) + " |", "|---" * (len(SETTINGS) + 1) + "|"]
    for name, measure in MEASURES.items():
        lines.append(f"| {name} | " + " | ".join(measure(found, setting) for setting in SETTINGS) + " |")
    return "\n".join(lines)


def draw(found: dict[str, Any], path: Path) -> None:
    """Plot false cut-ins against the gap, and the time to silence."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    patiences = np.geomspace(0.5, 2.5, 30)
    made = [figures(cases(found), rule(patience=float(patience))) for patience in patiences]
    for kind in ("0.3 s", "0.6 s", "1.0 s", "natural"):
        left.plot([one.median_ms for one in made], [100 * one.cut_ins[kind] for one in made], label=kind)
    shipped = figures(cases(found), rule())
    left.axvline(shipped.median_ms, color="grey", linestyle=":", label="as it ships")
    left.set(xlabel="median wait at clear ends (ms)", ylabel="false cut-ins (%)", ylim=(-2, 102), title="patience")
    left.legend(title="pauses", fontsize=8)
    for label, name in _curves():
        trials = found[name]["trials"] if name in found else []
        times = sorted(t["silent_after_ms"] if t["stopped"] else np.inf for t in trials if t["bid"])
        right.step(times, 100 * np.arange(1, len(times) + 1) / len(times), where="post", label=label)
    right.axvline(200, color="grey", linestyle=":")
    right.set(xlim=(0, 600), ylim=(0, 102), xlabel="from a person's first sample to silence (ms)")
    right.set(ylabel="people who interrupt (%)", title="barge-in")
    right.legend(fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def _curves() -> Sequence[tuple[str, str]]:
    by_echo = [(f"echo {echo} dB", barge_in_file(SHIPPED.bid_ms or 0, echo)[0]) for echo in ECHOES_DB]
    by_bid = [(setting.name, barge_in_file(setting.bid_ms)[0]) for setting in SETTINGS[1:] if setting.bid_ms]
    return [*by_echo, *by_bid]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="measure everything anew: about an hour")
    parser.add_argument("--as-is", action="store_true", help="leave out what is missing instead of measuring it")
    parser.add_argument("--threads", type=int, default=0, help="whisper's and the language model's")
    arguments = parser.parse_args()
    found = gather(arguments.again, arguments.as_is, arguments.threads)
    text = table(found)
    print(text)
    (RESULTS / "turn-taking.md").write_text(text + "\n")
    draw(found, PICTURES / "turn-taking.png")


if __name__ == "__main__":
    main()
