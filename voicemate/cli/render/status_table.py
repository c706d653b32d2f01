"""``voicemate status`` as a table."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from rich.table import Table
from rich.text import Text

from voicemate.control.status import DaemonStatus, PushToTalkStatus, SpeculationStatus
from voicemate.core.events import FloorState


def status_table(status: DaemonStatus) -> Table:
    """Make the table of ``status``."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in status_rows(status):
        table.add_row(name, value)
    return table


def status_rows(status: DaemonStatus) -> Iterator[tuple[str, Text]]:
    """Yield name and value of each row."""
    unavailable = status.state == FloorState.UNAVAILABLE
    reason = f" ({status.reason})" if status.reason and not unavailable else ""
    muted = ", muted" if status.muted else ""
    yield "state", Text(f"{status.state}{muted}{reason}", style="red" if unavailable else "green")
    yield "character", Text(f"{status.character} ({status.persona})" if status.character else status.persona)
    yield "models", Text(f"{status.models.stt} · {status.models.llm} · {status.models.tts}")
    for kind, device in (("microphone", status.microphone), ("speaker", status.speaker)):
        yield kind, Text(device.name if device.open else f"{device.name} (closed)")
    yield "mode", Text(status.mode)
    yield "hotkey", Text(_format_push_to_talk(status.push_to_talk))
    yield "echo", Text(status.echo)
    on = [name for name, holds in status.offline.items() if holds]
    off = [name for name, holds in status.offline.items() if not holds]
    missing = f"; off: {', '.join(off)}" if off else ""
    yield "offline", Text(f"{', '.join(on) or 'no lock'}{missing}", style="yellow" if off else "")
    gaps = f", gap {median(status.gaps_ms):.0f} ms (of the last {len(status.gaps_ms)})" if status.gaps_ms else ""
    yield "turns", Text(f"{status.turns}{gaps}")
    if status.speculation.turns:
        yield "speculation", Text(_format_speculation(status.speculation))
    uptime = timedelta(seconds=round(status.uptime_s))
    yield "process", Text(f"{status.pid}, up {uptime}, {status.memory_mb:.0f} MB, version {status.version}")


def _format_speculation(work: SpeculationStatus) -> str:
    discarded = f"{work.discarded} discarded ({work.wasted_ms / 1000:.1f} s of work)" if work.discarded else ""
    held_open = f" ({work.held_open} a moment later)" if work.held_open else ""
    ready = f"{work.ready} of {work.turns} replies ready when the turn ended{held_open}"
    return ", ".join(filter(None, (ready, discarded)))


def _format_push_to_talk(status: PushToTalkStatus) -> str:
    if status.active:
        return f"{status.chord} ({status.mode})"
    return f"none ({status.reason.rstrip('.')})" if status.reason else "none"
