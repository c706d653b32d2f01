"""How a person's curve of gap against false cut-ins is shown: a chart of characters, a table, or JSON."""

from typing import Any

from rich.table import Table
from rich.text import Text

from voicemate.cli.render.output import print_json, print_note, stdout_console
from voicemate.replay.tuning import FEW_TURNS, Curve, Trial

_WIDTH, _HEIGHT = 60, 12


def print_curve(curve: Curve, as_json: bool) -> None:
    """The curve, the present settings and the proposed ones."""
    if as_json:
        print_json(
            {
                "present": _trial_as_json(curve.present),
                "proposed": _trial_as_json(curve.knee),
                "changes": proposed_changes(curve),
                "curve": [_trial_as_json(trial) for trial in curve.best],
                "trials": len(curve.trials),
            }
        )
        return
    console = stdout_console()
    for line in chart(curve):
        console.print(Text(line), soft_wrap=True)
    console.print(_table(curve))
    changed = ", ".join(f"{key} = {value}" for key, value in proposed_changes(curve).items())
    console.print(Text(f"proposed: {changed or 'the settings as they are'}"), soft_wrap=True)
    if curve.present.turns < FEW_TURNS:
        print_note(f"Only {curve.present.turns} turns: below {FEW_TURNS} a single one moves the curve. Record more.")
    if curve.knee.estimated:
        print_note(
            f"{curve.knee.estimated} of {curve.knee.turns} turns of the proposal rest on pauses that were not "
            "transcribed when they were recorded."
        )


def proposed_changes(curve: Curve) -> dict[str, Any]:
    """What the proposal changes, by dotted key."""
    present, proposed = curve.present.endpoint.model_dump(), curve.knee.endpoint.model_dump()
    return {f"endpoint.{name}": value for name, value in proposed.items() if value != present[name]}


def chart(curve: Curve) -> list[str]:
    """Lines of text: gap to the right, false cut-ins upwards; · tried, o best of its gap, N now, P proposed."""
    gaps = [trial.gap_ms for trial in curve.trials if trial.turns]
    low, wide = min(gaps), max(gaps) - min(gaps) or 1.0
    high = max(trial.share for trial in curve.trials) or 0.01
    grid = [[" "] * (_WIDTH + 1) for _ in range(_HEIGHT + 1)]

    def put(trial: Trial, mark: str) -> None:
        row = _HEIGHT - round(trial.share / high * _HEIGHT)
        grid[row][round((trial.gap_ms - low) / wide * _WIDTH)] = mark

    for trial in curve.trials:
        if trial.turns:
            put(trial, "·")
    for trial in curve.best:
        put(trial, "o")
    put(curve.present, "N")
    put(curve.knee, "P")
    labels = {0: f"{high:.0%}", _HEIGHT: "0%"}
    lines = [f"{labels.get(row, ''):>5} │{''.join(cells).rstrip()}" for row, cells in enumerate(grid)]
    axis = f"{low:.0f} ms"
    return [
        "false cut-ins",
        *lines,
        " " * 6 + "└" + "─" * (_WIDTH + 1),
        " " * 7 + axis + f"{low + wide:.0f} ms median gap".rjust(_WIDTH + 1 - len(axis)),
        " " * 7 + "· tried   o best of its gap   N now   P proposed",
    ]


def _table(curve: Curve) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("")
    for column in ("gap", "slowest tenth", "false cut-ins", "turns"):
        table.add_column(column, justify="right")
    for name, trial in (("now", curve.present), ("proposed", curve.knee)):
        table.add_row(
            name,
            f"{trial.gap_ms:.0f} ms",
            f"{trial.slow_gap_ms:.0f} ms",
            f"{trial.cut_ins} ({trial.share:.0%})",
            str(trial.turns),
        )
    return table


def _trial_as_json(trial: Trial) -> dict[str, Any]:
    return {
        "endpoint": trial.endpoint.model_dump(),
        "turns": trial.turns,
        "gap_ms": round(trial.gap_ms),
        "slow_gap_ms": round(trial.slow_gap_ms),
        "cut_ins": trial.cut_ins,
        "share": round(trial.share, 4),
        "estimated": trial.estimated,
    }
