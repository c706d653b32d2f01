"""What is kept of earlier conversations: the history, and how long the replies took."""

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
from voicemate.models.sizes import as_size

MAX_GAPS = 100

SLOW_GAP_MS = 1_500
"""A median gap beyond this is not a conversation any more."""

MIN_GAPS = 5
"""Of fewer gaps nothing can be said."""


@dataclass(frozen=True, slots=True)
class HistoryFacts:
    """Attributes:
    kept: the settings want a history.
    size: bytes of the file; None when there is none yet.
    conversations: there is at least one; the latest one's date is ``latest``.
    set_aside: damaged files of the past.
    """

    is_enabled: bool
    size_bytes: int | None
    latest: str = ""
    set_aside: tuple[Path, ...] = ()


def check_history(ground: CheckContext) -> Sequence[Finding]:
    path = history_file()
    latest = ""
    with HistoryReader(path) as reader:  # checks the whole database; what is wrong is raised
        for session in reader.sessions(limit=1):
            latest = f"{session.started:%Y-%m-%d}"
    size = path.stat().st_size if path.exists() else None
    return assess_history(HistoryFacts(ground.settings.history.keep, size, latest, tuple(damaged_files(path))))


def assess_history(facts: HistoryFacts) -> list[Finding]:
    kept = "" if facts.is_enabled else "; nothing is added (`history.keep = false`)"
    if facts.size_bytes is None:
        found = [ok(f"None yet{kept}")]
    else:
        latest = f", the latest conversation of {facts.latest}" if facts.latest else ", empty"
        found = [ok(f"Whole ({as_size(facts.size_bytes)}{latest}){kept}", size=facts.size_bytes)]
    databases = [path for path in facts.set_aside if path.suffix == ".sqlite3"]
    if databases:
        told = f"A damaged history was set aside: {databases[-1]}"
        recover = format_command("sqlite3", databases[-1], ".recover")
        fix = f"{recover} may read it; `voicemate forget --everything` deletes it too"
        found.append(warning(told, fix))
    return found


def check_gaps(ground: CheckContext) -> Sequence[Finding]:
    timings = [line.turn.timing for line in read_trace(MAX_GAPS) if line.turn.timing]
    return [assess_gaps(timings)]


def assess_gaps(timings: Sequence[Timing]) -> Finding:
    """From the person's last sound to the reply's first, of the latest turns."""
    if len(timings) < MIN_GAPS:
        return ok(f"{len(timings) or 'No'} replies timed yet", turns=len(timings))
    gaps = sorted(timing.gap_ms for timing in timings)
    middle, p90 = median(gaps), quantiles(gaps, n=10, method="inclusive")[-1]
    stages = {
        "endpoint": median(timing.endpoint_ms for timing in timings),
        "hearing": median(timing.stt_ms for timing in timings),
        "thinking": median(timing.llm_ms for timing in timings),
        "speaking": median(timing.tts_ms for timing in timings),
    }
    ready = sum(timing.ready for timing in timings) / len(timings)
    parts = ", ".join(f"{stage} {ms:.0f}" for stage, ms in stages.items())
    told = f"Median of {len(gaps)} gaps {middle:.0f} ms, 90% within {p90:.0f} ms ({parts}; {ready:.0%} ready in time)"
    facts: dict[str, Any] = {"turns": len(gaps), "median_ms": round(middle), "p90_ms": round(p90)}
    facts |= {f"{stage}_ms": round(ms) for stage, ms in stages.items()} | {"ready": round(ready, 2)}
    if middle > SLOW_GAP_MS:
        return warning(told, _SPEED_UP_HINT[max(stages, key=lambda stage: stages[stage])], **facts)
    return ok(told, **facts)


_SPEED_UP_HINT = {
    "endpoint": "Have it wait less: `voicemate talk --record FILE`, then `voicemate tune FILE`",
    "hearing": "A smaller hearing model is quicker: `voicemate config set stt.model whisper-tiny.en`",
    "thinking": "A smaller thinking model is quicker: `voicemate models list` shows what suits this machine",
    "speaking": "The system's own voice is the quickest: `voicemate config set tts.engine pyttsx3`",
}
"""What to do about the stage that takes longest."""
