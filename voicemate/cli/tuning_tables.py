"""How a person's curve of gap against false cut-ins is shown: a chart of characters, a table, or JSON."""

from typing import Any

from rich.table import Table
from rich.text import Text

from voicemate.cli.output import note, print_json, results
from voicemate.tape.tuning import FEW_TURNS, Curve, Trial

_WIDTH, _HEIGHT = 60, 12


def show(curve: Curve, as_json: bool) -> None:
    """The curve, the present settings and the proposed ones."""
    if as_json:
        print_json(
            {
                "present": _plain(curve.present),
                "proposed": _plain(curve.knee),
                "changes": changes(curve),
                "curve": [_plain(trial) for trial in curve.best],
                "trials": len(curve.trials),
            }
        )
        return
    console = results()
    for line in chart(curve):
        console.print(Text(line), soft_wrap=True)
    console.print(_table(curve))
    changed = ", ".join(f"{key} = {value}" for key, value in changes(curve).items())
    console.print(Text(f"proposed: {changed or 'the settings as they are'}"), soft_wrap=True)
    if curve.present.turns < FEW_TURNS:
        note(f"Only {curve.present.turns} turns: below {FEW_TURNS} a single one moves the curve. Record more.")
    if curve.knee.estimated:
        note(
            f"{curve.knee.estimated} of {curve.knee.turns} turns of the proposal rest on pauses that were not "
            "transcribed when they were recorded."
        )


def changes(curve: Curve) -> dict[str, Any]:
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


def _plain(trial: Trial) -> dict[str, Any]:
    return {
        "endpoint": trial.endpoint.model_dump(),
        "turns": trial.turns,
        "gap_ms": round(trial.gap_ms),
        "slow_gap_ms": round(trial.slow_gap_ms),
        "cut_ins": trial.cut_ins,
        "share": round(trial.share, 4),
        "estimated": trial.estimated,
    }
