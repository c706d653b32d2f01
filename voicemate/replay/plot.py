"""The curve of gap against false cut-ins as a picture; matplotlib is an extra (``pip install voicemate[plots]``)."""

from pathlib import Path

from voicemate.core.errors import RecordingError
from voicemate.replay.tuning import TuningCurve


def draw_curve(curve: TuningCurve, path: Path) -> None:
    """Draw ``curve`` into a picture at ``path``, whose suffix says of which kind.

    Raises:
        RecordingError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError:
        raise RecordingError("Pictures need matplotlib", "Run `pip install 'voicemate[plots]'`") from None
    figure, axes = plt.subplots(figsize=(7, 5), layout="constrained")
    try:
        _scatter(axes, curve)
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:
        raise RecordingError(f"The picture {path} cannot be written: {error}", "Name another file") from None
    finally:
        plt.close(figure)


def _scatter(axes, curve: TuningCurve) -> None:  # matplotlib has no type for what pyplot gives
    axes.scatter(
        [one.gap_ms for one in curve.trials], [100 * one.false_cut_in_rate for one in curve.trials], s=12, c="0.75"
    )
    axes.plot(
        [one.gap_ms for one in curve.frontier],
        [100 * one.false_cut_in_rate for one in curve.frontier],
        "o-",
        label="best of each gap",
    )
    for trial, marker, label in ((curve.current, "s", "now"), (curve.knee, "*", "proposed")):
        axes.plot(trial.gap_ms, 100 * trial.false_cut_in_rate, marker, markersize=12, linestyle="", label=label)
    axes.set_xlabel("median gap (ms)")
    axes.set_ylabel("false cut-ins (% of turns)")
    axes.set_ylim(bottom=0)
    axes.legend()
