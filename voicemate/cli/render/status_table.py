"""``voicemate status``: the daemon as it is, as rows of a table."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from rich.text import Text

from voicemate.control.status import DaemonStatus, PushToTalkStatus, SpeculationStatus
from voicemate.core.events import FloorState


def status_rows(found: DaemonStatus) -> Iterator[tuple[str, Text]]:
    """Name and value of each row."""
    bad = found.state == FloorState.UNAVAILABLE
    reason = f" ({found.reason})" if found.reason and not bad else ""
    muted = ", muted" if found.muted else ""
    yield "state", Text(f"{found.state}{muted}{reason}", style="red" if bad else "green")
    yield "character", Text(f"{found.character} ({found.persona})" if found.character else found.persona)
    yield "models", Text(f"{found.models.stt} · {found.models.llm} · {found.models.tts}")
    for kind, device in (("microphone", found.microphone), ("loudspeaker", found.speaker)):
        yield kind, Text(device.name if device.open else f"{device.name} (closed)")
    yield "turns", Text(found.mode)
    yield "hotkey", Text(_format_push_to_talk(found.push_to_talk))
    yield "echo", Text(found.echo)
    on = [name for name, holds in found.offline.items() if holds]
    off = [name for name, holds in found.offline.items() if not holds]
    missing = f"; not on: {', '.join(off)}" if off else ""
    yield "offline", Text(f"{', '.join(on) or 'no lock'}{missing}", style="yellow" if off else "")
    gaps = f", gap {median(found.gaps_ms):.0f} ms (of the last {len(found.gaps_ms)})" if found.gaps_ms else ""
    yield "said", Text(f"{found.turns} turns{gaps}")
    if found.speculation.turns:
        yield "work ahead", Text(_format_speculation(found.speculation))
    up = timedelta(seconds=round(found.uptime_s))
    yield "process", Text(f"{found.pid}, up {up}, {found.memory_mb:.0f} MB, version {found.version}")


def _format_speculation(work: SpeculationStatus) -> str:
    vain = f"{work.discarded} prepared in vain ({work.wasted_ms / 1000:.1f} s of work)" if work.discarded else ""
    awaited = f" ({work.held_open} a moment later)" if work.held_open else ""
    ready = f"{work.ready} of {work.turns} replies ready when the turn ended{awaited}"
    return ", ".join(filter(None, (ready, vain)))


def _format_push_to_talk(state: PushToTalkStatus) -> str:
    if state.active:
        return f"{state.chord} ({state.mode})"
    return f"none ({state.reason.rstrip('.')})" if state.reason else "none"
