"""What is stored of past conversations: the history, and how long the replies took."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, format_command, ok, warning
from voicemate.history import HistoryReader, history_file
from voicemate.history.database import damaged_files
from voicemate.metrics.timing import Timing
from voicemate.metrics.trace_file import read_trace
from voicemate.models.storage import as_size

MAX_GAPS = 100

SLOW_GAP_MS = 1_500
"""A median gap above this no longer feels like a conversation."""

MIN_GAPS = 5
"""Fewer gaps than this have no meaningful median."""


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """The history file.

    Attributes:
        is_enabled: the settings ask for a history.
        size_bytes: of the file; None if there is none yet.
        latest: the date of the latest conversation; empty if there is none.
        set_aside: damaged files that were replaced earlier.
    """

    is_enabled: bool
    size_bytes: int | None
    latest: str = ""
    set_aside: tuple[Path, ...] = ()


def check_history(context: CheckContext) -> Sequence[Finding]:
    """Check the whole history database.

    Raises:
        HistoryError: it is damaged or cannot be read.
    """
    path = history_file()
    latest = ""
    with HistoryReader(path) as reader:  # checks the whole database
        for session in reader.sessions(limit=1):
            latest = f"{session.started:%Y-%m-%d}"
    size = path.stat().st_size if path.exists() else None
    return assess_history(HistoryFacts(context.settings.history.keep, size, latest, tuple(damaged_files(path))))


def assess_history(facts: HistoryFacts) -> list[Finding]:
    """Describe an intact history, and point to damaged ones."""
    disabled = "" if facts.is_enabled else "; nothing is added (`history.keep = false`)"
    if facts.size_bytes is None:
        found = [ok(f"None yet{disabled}")]
    else:
        latest = f", the latest conversation from {facts.latest}" if facts.latest else ", empty"
        found = [ok(f"Intact ({as_size(facts.size_bytes)}{latest}){disabled}", size=facts.size_bytes)]
    databases = [path for path in facts.set_aside if path.suffix == ".sqlite3"]
    if databases:
        recover = format_command("sqlite3", databases[-1], ".recover")
        hint = f"{recover} may recover it; `voicemate forget --everything` deletes it too"
        found.append(warning(f"A damaged history was set aside: {databases[-1]}", hint))
    return found


def check_gaps(context: CheckContext) -> Sequence[Finding]:
    """Check the gaps of the latest turns."""
    return [assess_gaps([line.turn.timing for line in read_trace(MAX_GAPS) if line.turn.timing])]


def assess_gaps(timings: Sequence[Timing]) -> Finding:
    """Report the gaps between the user's last sound and the first sound of the reply."""
    if len(timings) < MIN_GAPS:
        return ok(f"{len(timings) or 'No'} replies timed yet", turns=len(timings))
    gaps = sorted(timing.gap_ms for timing in timings)
    median_ms, p90_ms = median(gaps), quantiles(gaps, n=10, method="inclusive")[-1]
    stages = {
        "endpoint": median(timing.endpoint_ms for timing in timings),
        "stt": median(timing.stt_ms for timing in timings),
        "llm": median(timing.llm_ms for timing in timings),
        "tts": median(timing.tts_ms for timing in timings),
    }
    ready = sum(timing.ready for timing in timings) / len(timings)
    parts = ", ".join(f"{stage} {ms:.0f}" for stage, ms in stages.items())
    message = f"{len(gaps)} gaps: median {median_ms:.0f} ms, 90% within {p90_ms:.0f} ms"
    message += f" ({parts}; {ready:.0%} ready in time)"
    facts: dict[str, Any] = {"turns": len(gaps), "median_ms": round(median_ms), "p90_ms": round(p90_ms)}
    facts |= {f"{stage}_ms": round(ms) for stage, ms in stages.items()} | {"ready": round(ready, 2)}
    if median_ms > SLOW_GAP_MS:
        return warning(message, _SPEED_UP_HINT[max(stages, key=lambda stage: stages[stage])], **facts)
    return ok(message, **facts)


_SPEED_UP_HINT = {
    "endpoint": "Shorten the wait after your turn: `voicemate talk --record FILE`, then `voicemate tune FILE`",
    "stt": "Use a smaller speech recognition model: `voicemate config set stt.model whisper-tiny.en`",
    "llm": "Use a smaller language model: `voicemate models list` shows which ones suit this machine",
    "tts": "Use the system's own voice, which is the fastest: `voicemate config set tts.engine pyttsx3`",
}
"""What to do if this stage takes longest."""
