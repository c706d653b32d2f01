"""What a person sees while they talk: the live view of a terminal, and plain lines for everything else.

Both only read events; a ``StatusTracker`` keeps what the latest ones say.
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
    """``dbfs`` on the level meter, 0 to its width."""
    share = (dbfs - _METER_FLOOR_DBFS) / -_METER_FLOOR_DBFS
    return round(min(1.0, max(0.0, share)) * _METER_WIDTH)


def timing_line(timing: TurnTimed) -> str:
    """One turn's latency in words: ``gap 560 ms · you were done after 480 · ... · ready 40 ms later``."""
    if not timing.ready:
        ready = "not ready in time"
    elif timing.held_open:
        ready = f"ready {timing.held_open:.0f} ms later"
    else:
        ready = "ready when you stopped"
    done = timing.endpoint - timing.held_open
    return (
        f"gap {timing.gap:.0f} ms · you were done after {done:.0f} · hearing {timing.stt:.0f}"
        f" + thinking {timing.llm:.0f} + speaking {timing.tts:.0f} · {ready}"
    )


def discarded_line(trace: TurnTrace) -> str:
    """What was prepared in vain for a turn, such as ``2 replies in vain, 640 ms``; empty when nothing was.

    Only stages that were completed are timed: without one there are no milliseconds to tell.
    """
    if not trace.discarded:
        return ""
    replies = "a reply" if trace.discarded == 1 else f"{trace.discarded} replies"
    lost = round(trace.wasted_ms)
    return f"{replies} in vain, {lost} ms" if lost else f"{replies} in vain"


class View(Protocol):
    """Shows a conversation; a context manager that is also a listener of events."""

    def __enter__(self) -> "View": ...
    def __exit__(self, *exc: object) -> None: ...
    def __call__(self, event: Event) -> None: ...


class LiveView:
    """The terminal's live view: finished exchanges scroll up, the present stays at the bottom.

    It is drawn again only when something that it shows has changed, so that listening to silence costs nothing.

    Args:
        title: what runs, such as the persona and the models.
        name: the character's.
        recording: the conversation is kept in a file, which is always to be seen.
    """

    def __init__(self, console: Console, title: str, name: str, recording: bool = False):
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
    """Meanwhile send what C libraries print to ``log``: in the middle of the live view it would garble it."""
    kept = os.dup(2)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(file, 2)
    os.close(file)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class PlainView:
    """One line for each thing worth reading, for pipes, logs and ``--no-view``."""

    def __init__(self, console: Console, title: str, name: str, recording: bool = False):
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
        if isinstance(event, FloorChanged) and event.state in (FloorState.LISTENING, FloorState.UNAVAILABLE):
            self._console.print(Text(f"[{event.state.value}]", style=_STATE_STYLE[event.state]))
        self._tracker.on_event(event)
        for line in finished_lines(event, self._tracker, self._name):
            self._console.print(line, soft_wrap=True)


def finished_lines(event: Event, tracker: StatusTracker, name: str) -> list[RenderableType]:
    """The lines that ``event`` adds to the record of the conversation, if any.

    Args:
        tracker: has seen it.
    """
    match event:
        case Transcribed(final=True):
            return [Text.assemble(("you  ", "bold cyan"), event.text)]
        case ReplyEnded() if event.heard_prefix or event.interrupted:
            cut = " [cut off]" if event.interrupted else ""
            heard = " ".join(event.heard_prefix.split())  # a model's line breaks were not to be heard
            said = Text.assemble((f"{name}  ", "bold magenta"), heard, (cut, "dim"))
            timing = tracker.timing
            if timing and timing.turn == event.turn:
                waste = discarded_line(tracker.ended_trace) if tracker.ended_trace else ""
                line = f"{timing_line(timing)} · {waste}" if waste else timing_line(timing)
                return [said, Text(f"     {line}", style="dim")]
            return [said]
        case Fault():
            return [Text(f"{event.message}. {event.hint}".strip(), style="bold red")]
        case Advisory():
            return [Text(event.text, style="dim")]
        case Recovered():
            return [Text(f"{event.component}: works again", style="green")]
    return []


def choose_view(console: Console, live: bool, recording: bool = False) -> Callable[[str, str], View]:
    """The live view where there is a terminal and it is wanted, plain lines elsewhere; called with title and name."""
    kind = LiveView if live and console.is_terminal and not console.is_dumb_terminal else PlainView
    return lambda title, name: kind(console, title, name, recording)
