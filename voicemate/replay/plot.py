"""Plots the curve of gap against false cut-ins with matplotlib, an extra (``pip install voicemate[plots]``)."""

from pathlib import Path
from typing import Any

from voicemate.core.errors import RecordingError
from voicemate.replay.tuning import TuningCurve, TuningTrial


def draw_curve(curve: TuningCurve, path: Path) -> None:
    """Save a plot of ``curve`` at ``path``, in the format of its suffix.

    Raises:
        RecordingError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise RecordingError("A plot needs matplotlib", "Run `pip install 'voicemate[plots]'`") from None
    plt: Any = pyplot  # its types are partial
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    try:
        _draw(axes, curve)
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise RecordingError(f"The plot {path} cannot be written: {error}", "Name another file") from None
    finally:
        plt.close(figure)


def _draw(axes: Any, curve: TuningCurve) -> None:
    def points(trials: list[TuningTrial]) -> tuple[list[float], list[float]]:
        return [one.gap_ms for one in trials], [100 * one.false_cut_in_rate for one in trials]

    axes.scatter(*points(curve.trials), s=12, c="0.75")
    axes.plot(*points(curve.frontier), "o-", label="best for each gap")
    for trial, marker, label in ((curve.current, "s", "now"), (curve.knee, "*", "proposed")):
        axes.plot(trial.gap_ms, 100 * trial.false_cut_in_rate, marker, markersize=12, linestyle="", label=label)
    axes.set_xlabel("median gap (ms)")
    axes.set_ylabel("false cut-ins (% of turns)")
    axes.set_ylim(bottom=0)
    axes.legend()
