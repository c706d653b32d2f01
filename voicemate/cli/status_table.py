"""``voicemate status``: the daemon as it is, as rows of a table."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from rich.text import Text

from voicemate.control.status import HotkeyState, Status, WorkAheadState
from voicemate.events import FloorState


def described(found: Status) -> Iterator[tuple[str, Text]]:
    """Name and value of each row."""
    bad = found.state == FloorState.UNAVAILABLE
    reason = f" ({found.reason})" if found.reason and not bad else ""
    muted = ", muted" if found.muted else ""
    yield "state", Text(f"{found.state}{muted}{reason}", style="red" if bad else "green")
    yield "character", Text(f"{found.character} ({found.persona})" if found.character else found.persona)
    yield "models", Text(f"{found.models.hearing} · {found.models.thinking} · {found.models.speaking}")
    for kind, device in (("microphone", found.microphone), ("loudspeaker", found.loudspeaker)):
        yield kind, Text(device.name if device.open else f"{device.name} (closed)")
    yield "turns", Text(found.mode)
    yield "hotkey", Text(_hotkey(found.hotkey))
    yield "echo", Text(found.echo)
    on = [name for name, holds in found.offline.items() if holds]
    off = [name for name, holds in found.offline.items() if not holds]
    missing = f"; not on: {', '.join(off)}" if off else ""
    yield "offline", Text(f"{', '.join(on) or 'no lock'}{missing}", style="yellow" if off else "")
    gaps = f", gap {median(found.gaps_ms):.0f} ms (of the last {len(found.gaps_ms)})" if found.gaps_ms else ""
    yield "said", Text(f"{found.turns} turns{gaps}")
    if found.work_ahead.turns:
        yield "work ahead", Text(_work_ahead(found.work_ahead))
    up = timedelta(seconds=round(found.uptime_s))
    yield "process", Text(f"{found.pid}, up {up}, {found.memory_mb:.0f} MB, version {found.version}")


def _work_ahead(work: WorkAheadState) -> str:
    vain = f"{work.thrown_away} prepared in vain ({work.wasted_ms / 1000:.1f} s of work)" if work.thrown_away else ""
    awaited = f" ({work.awaited} a moment later)" if work.awaited else ""
    ready = f"{work.ready} of {work.turns} replies ready when the turn ended{awaited}"
    return ", ".join(filter(None, (ready, vain)))


def _hotkey(state: HotkeyState) -> str:
    if state.watched:
        return f"{state.chord} ({state.mode})"
    return f"none ({state.why.rstrip('.')})" if state.why else "none"
