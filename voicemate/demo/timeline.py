"""A timeline of a conversation from its events: who spoke, and which stage worked, when.

matplotlib draws it, an extra (``pip install voicemate[plots]``).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voicemate.core.errors import VoicemateError
from voicemate.core.events import (
    Event,
    GenerationDiscarded,
    PhraseStarted,
    PipelineStage,
    ReplyEnded,
    StageTimed,
    TurnEnded,
    TurnTimed,
)
from voicemate.core.pcm import CLOCK_HZ

Bar = tuple[float, float]
"""Begin and length in seconds."""


@dataclass
class Timeline:
    """Bars and marks of a conversation, in seconds of its clock. A subscriber of events.

    Attributes:
        person, character: their speech.
        stages: the work of each stage.
        dropped: when a generation was discarded.
        gaps: the end of the person's turn, and the gap (ms).
    """

    person: list[Bar] = field(default_factory=list[Bar])
    character: list[Bar] = field(default_factory=list[Bar])
    stages: dict[PipelineStage, list[Bar]] = field(default_factory=lambda: {stage: [] for stage in PipelineStage})
    dropped: list[float] = field(default_factory=list[float])
    gaps: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    _speech: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])  # by turn: began, ended
    _audible: dict[int, float] = field(default_factory=dict[int, float])

    def on_event(self, event: Event) -> None:
        """Add what the event shows."""
        match event:
            case TurnEnded():
                self._speech[event.turn] = (event.began, event.ended)
            case StageTimed():
                self.stages[event.stage].append((event.began / CLOCK_HZ, event.ms / 1000))
            case GenerationDiscarded():
                self.dropped.append(event.at / CLOCK_HZ)
            case TurnTimed():
                began, ended = self._speech[event.turn]
                self.person.append((began / CLOCK_HZ, (ended - began) / CLOCK_HZ))
                self.gaps.append((ended / CLOCK_HZ, event.gap))
                self._audible[event.turn] = ended / CLOCK_HZ + event.gap / 1000
            case PhraseStarted(turn=0):  # the greeting
                self._audible.setdefault(0, event.at / CLOCK_HZ)
            case ReplyEnded() if event.turn in self._audible:
                start = self._audible.pop(event.turn)
                self.character.append((start, event.at / CLOCK_HZ - start))
            case _:
                pass


def draw_timeline(timeline: Timeline, path: Path, names: tuple[str, str]) -> None:
    """Save ``timeline`` as a PNG at ``path``.

    Args:
        timeline: what to draw.
        path: of the file.
        names: the person's and the character's.

    Raises:
        VoicemateError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        raise VoicemateError(
            "A plot needs matplotlib, which is not installed", "Run `pip install 'voicemate[plots]'`"
        ) from None
    plt: Any = pyplot  # its types are partial
    rows: list[tuple[str, list[Bar], str]] = [
        (names[0], timeline.person, "#3b7dd8"),
        ("speech recognition", timeline.stages[PipelineStage.STT], "#8ab4e8"),
        ("language model", timeline.stages[PipelineStage.LLM], "#f2b84b"),
        ("speech synthesis", timeline.stages[PipelineStage.TTS], "#d58bd0"),
        (names[1], timeline.character, "#a03fa0"),
    ]
    length = max((start + width for _, bars, _ in rows for start, width in bars), default=1.0)
    figure, axes = plt.subplots(figsize=(max(8.0, min(24.0, length * 0.8)), 3.6), layout="constrained")
    for row, (_, bars, colour) in enumerate(rows):
        axes.broken_barh(bars, (len(rows) - row - 0.86, 0.72), facecolors=colour)
    for ended, gap in timeline.gaps:
        axes.axvspan(ended, ended + gap / 1000, color="#000000", alpha=0.07)
        axes.text(ended, len(rows) + 0.08, f"{gap:.0f} ms", fontsize=8, ha="left", va="bottom")
    for at in timeline.dropped:
        axes.axvline(at, color="#c03030", linewidth=0.8, linestyle=":")
    axes.set_yticks([len(rows) - row - 0.5 for row in range(len(rows))], [name for name, _, _ in rows])
    axes.set_xlim(0, length + 0.5)
    axes.set_ylim(0, len(rows) + 0.5)
    axes.set_xlabel("seconds · shaded: gap · dotted: a prepared reply dropped because the person went on")
    axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise VoicemateError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        plt.close(figure)
