"""Shows a conversation: the live view for terminals, and plain lines for everything else.

Both subscribe to events; a ``StatusTracker`` keeps the current state.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from voicemate.control.status_tracker import StatusTracker
from voicemate.core.events import (
    Advisory,
    Event,
    Fault,
    FloorChanged,
    FloorState,
    Recovered,
    ReplyEnded,
    Transcribed,
    TurnTimed,
)
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.metrics.turn_trace import TurnTrace

_STATE_STYLE = {
    FloorState.STARTING: "dim",
    FloorState.LISTENING: "green",
    FloorState.HEARING: "bold cyan",
    FloorState.THINKING: "yellow",
    FloorState.SPEAKING: "bold magenta",
    FloorState.OVERLAPPING: "magenta",
    FloorState.UNAVAILABLE: "bold red",
    FloorState.STOPPED: "dim",
}
_METER_WIDTH = 24
_METER_FLOOR_DBFS = -60.0


def meter_steps(dbfs: float) -> int:
    """Convert ``dbfs`` to steps of the level meter, 0 to its width."""
    fraction = (dbfs - _METER_FLOOR_DBFS) / -_METER_FLOOR_DBFS
    return round(min(1.0, max(0.0, fraction)) * _METER_WIDTH)


def timing_line(timing: TurnTimed) -> str:
    """Format a turn's latency: ``gap 560 ms · end of turn 480 · ... · ready 40 ms later``."""
    if not timing.ready:
        ready = "not ready in time"
    elif timing.held_open:
        ready = f"ready {timing.held_open:.0f} ms later"
    else:
        ready = "ready when you stopped"
    endpoint = timing.endpoint - timing.held_open
    return (
        f"gap {timing.gap:.0f} ms · end of turn {endpoint:.0f} · stt {timing.stt:.0f}"
        f" + llm {timing.llm:.0f} + tts {timing.tts:.0f} · {ready}"
    )


def discarded_line(trace: TurnTrace) -> str:
    """Format the discarded work of a turn: ``2 replies discarded, 640 ms``; empty if there is none.

    The time counts completed stages only.
    """
    if not trace.discarded:
        return ""
    replies = "a reply" if trace.discarded == 1 else f"{trace.discarded} replies"
    lost = round(trace.wasted_ms)
    return f"{replies} discarded, {lost} ms" if lost else f"{replies} discarded"


class View(Protocol):
    """Shows a conversation: a context manager and a subscriber of events."""

    def __enter__(self) -> "View": ...
    def __exit__(self, *exc: object) -> None: ...
    def __call__(self, event: Event) -> None:
        """Show ``event``."""
        ...


class LiveView:
    """The live view: finished exchanges scroll up, the current state stays at the bottom.

    It is redrawn only if something has changed, so that silence costs nothing.

    Args:
        console: the terminal.
        title: the persona and the models.
        name: the character's name.
        recording: show that the conversation is recorded.
    """

    def __init__(self, console: Console, title: str, name: str, recording: bool = False) -> None:
        self._console = console
        self._title = title
        self._name = name
        self._recording = recording
        self._tracker = StatusTracker()
        self._drawn: object = None
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._quiet = ExitStack()

    def __enter__(self) -> "LiveView":
        self._quiet.enter_context(_redirect_native_stderr(make_private_folder(state_folder()) / "native.log"))
        self._live.__enter__()
        self._draw()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.__exit__(None, None, None)
        self._quiet.close()

    def __call__(self, event: Event) -> None:
        """Show ``event``."""
        self._tracker.on_event(event)
        for line in finished_lines(event, self._tracker, self._name):
            self._live.console.print(line)
        self._draw()

    def _draw(self) -> None:
        lines = self._lines()
        shown = tuple((line.plain, tuple(line.spans)) for line in lines)
        if shown != self._drawn:
            self._drawn = shown
            self._live.update(Group(*lines), refresh=True)

    def _lines(self) -> list[Text]:
        tracker = self._tracker
        steps = meter_steps(tracker.level_dbfs)
        meter = "▮" * steps + "▯" * (_METER_WIDTH - steps)
        state = Text.assemble((f"{tracker.state.value:<10}", _STATE_STYLE[tracker.state]), " ", (meter, "cyan"))
        if self._recording:
            state.append("  ● recording", style="bold red")
        state.append(f"  {self._title}", style="dim")
        lines = [Text(""), state]
        if tracker.interim:
            lines.append(Text.assemble(("you  ", "bold cyan"), (tracker.interim, "dim italic")))
        if tracker.reply_spoken or tracker.reply_queued:
            queued = "".join(tracker.reply_queued)
            lines.append(Text.assemble((f"{self._name}  ", "bold magenta"), tracker.reply_spoken, (queued, "dim")))
        if tracker.problems:
            problem = tracker.problems[-1]
            lines.append(Text(f"{problem.message}. {problem.hint}", style="bold red"))
        return lines


@contextmanager
def _redirect_native_stderr(log: Path) -> Iterator[None]:
    """Redirect what C libraries print to ``log`` during the block, since it would garble the live view."""
    stderr = os.dup(2)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 2)
    os.close(file)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


class PlainView:
    """One line per event, for pipes, logs and ``--no-view``; the arguments are those of ``LiveView``."""

    def __init__(self, console: Console, title: str, name: str, recording: bool = False) -> None:
        self._console = console
        self._title = title
        self._name = name
        self._recording = recording
        self._tracker = StatusTracker()

    def __enter__(self) -> "PlainView":
        self._console.print(Text(f"{self._title}{' · recording' if self._recording else ''}", style="dim"))
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        """Print the lines of ``event``."""
        if isinstance(event, FloorChanged) and event.state in (FloorState.LISTENING, FloorState.UNAVAILABLE):
            self._console.print(Text(f"[{event.state.value}]", style=_STATE_STYLE[event.state]))
        self._tracker.on_event(event)
        for line in finished_lines(event, self._tracker, self._name):
            self._console.print(line, soft_wrap=True)


def finished_lines(event: Event, tracker: StatusTracker, name: str) -> list[RenderableType]:
    """Return the lines that ``event`` adds to the transcript.

    Args:
        event: the event.
        tracker: has received ``event`` already.
        name: the character's name.
    """
    match event:
        case Transcribed(final=True):
            return [Text.assemble(("you  ", "bold cyan"), event.text)]
        case ReplyEnded() if event.heard_prefix or event.interrupted:
            interrupted = " [interrupted]" if event.interrupted else ""
            text = " ".join(event.heard_prefix.split())  # without the model's line breaks
            reply = Text.assemble((f"{name}  ", "bold magenta"), text, (interrupted, "dim"))
            timing = tracker.timing
            if timing and timing.turn == event.turn:
                discarded = discarded_line(tracker.ended_trace) if tracker.ended_trace else ""
                line = f"{timing_line(timing)} · {discarded}" if discarded else timing_line(timing)
                return [reply, Text(f"     {line}", style="dim")]
            return [reply]
        case Fault():
            return [Text(f"{event.message}. {event.hint}".strip(), style="bold red")]
        case Advisory():
            return [Text(event.text, style="dim")]
        case Recovered():
            return [Text(f"{event.component}: working again", style="green")]
    return []


def choose_view(console: Console, live: bool, recording: bool = False) -> Callable[[str, str], View]:
    """Choose the view; the result is called with title and name.

    Args:
        console: where to show it.
        live: use the live view if ``console`` is a terminal.
        recording: show that the conversation is recorded.
    """
    kind = LiveView if live and console.is_terminal and not console.is_dumb_terminal else PlainView
    return lambda title, name: kind(console, title, name, recording)
