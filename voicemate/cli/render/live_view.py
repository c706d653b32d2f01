"""What a person sees while they talk: the live view of a terminal, and plain lines for everything else.

Both only read events. ``Picture`` keeps what they have in common: the last word on everything that is shown.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from voicemate.core.events import (
    Advisory,
    Event,
    Fault,
    FloorChanged,
    FloorState,
    GenerationDiscarded,
    MicrophoneLevel,
    PhraseQueued,
    PhraseStarted,
    Recovered,
    ReplyEnded,
    SpeechRejected,
    Transcribed,
    TurnTimed,
)
from voicemate.core.paths import make_private_folder, state_folder
from voicemate.metrics.turn_trace import TraceAssembler, TurnTrace

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


@dataclass
class Picture:
    """What is to be seen now, brought up to date by each event."""

    state: FloorState = FloorState.STARTING
    reason: str = ""
    meter: int = 0  # 0 to _METER_WIDTH
    draft: str = ""
    spoken: str = ""
    coming: list[str] = field(default_factory=list)
    replying: int = 0  # the turn that ``spoken`` and ``coming`` reply to
    timing: TurnTimed | None = None
    trace: TurnTrace | None = None  # of the turn that is over now
    fault: Fault | None = None
    assembler: TraceAssembler = field(default_factory=TraceAssembler)

    def feed(self, event: Event) -> None:
        self.trace = next(reversed(self.assembler.add(event)), None)
        match event:
            case FloorChanged():
                self.state, self.reason = event.state, event.reason
            case MicrophoneLevel():
                self.meter = meter_steps(event.dbfs)
            case Transcribed():
                self.draft = "" if event.final else event.text
            case SpeechRejected():
                self.draft = ""
            case GenerationDiscarded():
                self._roll_back(event)
            case PhraseQueued():
                self.coming.append(event.text)
                self.replying = event.turn
            case PhraseStarted():
                self.coming = self.coming[1:]
                self.spoken += event.text
            case TurnTimed():
                self.timing = event
            case ReplyEnded():
                self.spoken, self.coming = "", []
            case Fault():
                self.fault = event
            case Recovered():
                self.fault = None

    def _roll_back(self, event: GenerationDiscarded) -> None:
        self.draft = ""
        if event.turn == self.replying:  # the reply was taken back in its first words
            self.spoken, self.coming = "", []


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
        self._picture = Picture()
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
        self._picture.feed(event)
        for line in finished_lines(event, self._picture, self._name):
            self._live.console.print(line)
        self._draw()

    def _draw(self) -> None:
        lines = self._lines()
        shown = tuple((line.plain, tuple(line.spans)) for line in lines)
        if shown != self._drawn:
            self._drawn = shown
            self._live.update(Group(*lines), refresh=True)

    def _lines(self) -> list[Text]:
        p = self._picture
        meter = "▮" * p.meter + "▯" * (_METER_WIDTH - p.meter)
        state = Text.assemble((f"{p.state.value:<10}", _STATE_STYLE[p.state]), " ", (meter, "cyan"))
        if self._recording:
            state.append("  ● recording", style="bold red")
        state.append(f"  {self._title}", style="dim")
        lines = [Text(""), state]
        if p.draft:
            lines.append(Text.assemble(("you  ", "bold cyan"), (p.draft, "dim italic")))
        if p.spoken or p.coming:
            coming = "".join(p.coming)
            lines.append(Text.assemble((f"{self._name}  ", "bold magenta"), p.spoken, (coming, "dim")))
        if p.fault:
            lines.append(Text(f"{p.fault.message}. {p.fault.hint}", style="bold red"))
        return lines


@contextmanager
def _redirect_native_stderr(log: Path) -> Iterator[None]:
    """Meanwhile send what C libraries print to ``log``: in the middle of the live view it would tear the picture."""
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
        self._picture = Picture()

    def __enter__(self) -> "PlainView":
        self._console.print(Text(f"{self._title}{' · recording' if self._recording else ''}", style="dim"))
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        if isinstance(event, FloorChanged) and event.state in (FloorState.LISTENING, FloorState.UNAVAILABLE):
            self._console.print(Text(f"[{event.state.value}]", style=_STATE_STYLE[event.state]))
        self._picture.feed(event)
        for line in finished_lines(event, self._picture, self._name):
            self._console.print(line, soft_wrap=True)


def finished_lines(event: Event, picture: Picture, name: str) -> list[RenderableType]:
    """The lines that ``event`` adds to the record of the conversation, if any.

    Args:
        picture: brought up to date by it.
    """
    match event:
        case Transcribed(final=True):
            return [Text.assemble(("you  ", "bold cyan"), event.text)]
        case ReplyEnded() if event.heard_prefix or event.interrupted:
            cut = " [cut off]" if event.interrupted else ""
            heard = " ".join(event.heard_prefix.split())  # a model's line breaks were not to be heard
            said = Text.assemble((f"{name}  ", "bold magenta"), heard, (cut, "dim"))
            timing = picture.timing
            if timing and timing.turn == event.turn:
                waste = discarded_line(picture.trace) if picture.trace else ""
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
