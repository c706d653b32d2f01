"""Shows the curve of gap against false cut-ins: as a text chart, a table, or JSON."""

from typing import Any

from rich.table import Table
from rich.text import Text

from voicemate.cli.render.output import print_json, print_note, stdout_console
from voicemate.replay.tuning import FEW_TURNS, TuningCurve, TuningTrial

_WIDTH, _HEIGHT = 60, 12


def print_curve(curve: TuningCurve, as_json: bool) -> None:
    """Print the curve, the present settings and the proposed ones."""
    if as_json:
        print_json(
            {
                "present": _trial_as_json(curve.current),
                "proposed": _trial_as_json(curve.knee),
                "changes": proposed_changes(curve),
                "curve": [_trial_as_json(trial) for trial in curve.frontier],
                "trials": len(curve.trials),
            }
        )
        return
    console = stdout_console()
    for line in chart(curve):
        console.print(Text(line), soft_wrap=True)
    console.print(_table(curve))
    changed = ", ".join(f"{key} = {value}" for key, value in proposed_changes(curve).items())
    console.print(Text(f"proposed: {changed or 'no change'}"), soft_wrap=True)
    if curve.current.turns < FEW_TURNS:
        print_note(f"Only {curve.current.turns} turns: a single turn changes the curve. Record more.")
    if curve.knee.estimated:
        print_note(
            f"{curve.knee.estimated} of {curve.knee.turns} turns of the proposal depend on pauses that were not "
            "transcribed in the recording."
        )


def proposed_changes(curve: TuningCurve) -> dict[str, Any]:
    """Return the settings that the proposal changes, by key."""
    present, proposed = curve.current.turn_settings.model_dump(), curve.knee.turn_settings.model_dump()
    return {f"turns.{name}": value for name, value in proposed.items() if value != present[name]}


def chart(curve: TuningCurve) -> list[str]:
    """Draw the curve as text: gap to the right, false cut-ins upwards."""
    gaps = [trial.gap_ms for trial in curve.trials if trial.turns]
    low, span = min(gaps), max(gaps) - min(gaps) or 1.0
    high = max(trial.false_cut_in_rate for trial in curve.trials) or 0.01
    grid = [[" "] * (_WIDTH + 1) for _ in range(_HEIGHT + 1)]

    def put(trial: TuningTrial, mark: str) -> None:
        row = _HEIGHT - round(trial.false_cut_in_rate / high * _HEIGHT)
        grid[row][round((trial.gap_ms - low) / span * _WIDTH)] = mark

    for trial in curve.trials:
        if trial.turns:
            put(trial, "·")
    for trial in curve.frontier:
        put(trial, "o")
    put(curve.current, "N")
    put(curve.knee, "P")
    labels = {0: f"{high:.0%}", _HEIGHT: "0%"}
    lines = [f"{labels.get(row, ''):>5} │{''.join(cells).rstrip()}" for row, cells in enumerate(grid)]
    axis = f"{low:.0f} ms"
    return [
        "false cut-ins",
        *lines,
        " " * 6 + "└" + "─" * (_WIDTH + 1),
        " " * 7 + axis + f"{low + span:.0f} ms median gap".rjust(_WIDTH + 1 - len(axis)),
        " " * 7 + "· tried   o best of its gap   N now   P proposed",
    ]


def _table(curve: TuningCurve) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    for column in ("gap", "slowest tenth", "false cut-ins", "turns"):
        table.add_column(column, justify="right")
    for name, trial in (("now", curve.current), ("proposed", curve.knee)):
        table.add_row(
            name,
            f"{trial.gap_ms:.0f} ms",
            f"{trial.gap_p90_ms:.0f} ms",
            f"{trial.false_cut_ins} ({trial.false_cut_in_rate:.0%})",
            str(trial.turns),
        )
    return table


def _trial_as_json(trial: TuningTrial) -> dict[str, Any]:
    return {
        "settings": trial.turn_settings.model_dump(),
        "turns": trial.turns,
        "gap_ms": round(trial.gap_ms),
        "slow_gap_ms": round(trial.gap_p90_ms),
        "cut_ins": trial.false_cut_ins,
        "share": round(trial.false_cut_in_rate, 4),
        "estimated": trial.estimated,
    }
