"""``run`` and its clients: everything that has to do with the daemon."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from statistics import median
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from voicemate.cli.output import JsonOption, complain, note, print_json, results
from voicemate.control.client import Answer, Client, Told
from voicemate.control.status import Status
from voicemate.errors import ControlError, NotRunningError, ServiceError
from voicemate.events import FloorState

_PANEL = "Daemon"
_READY_S = 60.0
"""How long ``start`` waits until the daemon listens: a large model on a slow disk."""

_REPLY_S = 600.0
"""The longest reply, spoken."""

_CHANGE_S = 180.0
"""Until nobody speaks, and a change is made."""

persona_app = typer.Typer(no_args_is_help=True, help="Choose whom to talk to.")

LogWords = Annotated[bool, typer.Option("--log-words", help="Write what is said into the log too.")]


class Onoff(StrEnum):
    ON = "on"
    OFF = "off"


class Action(StrEnum):
    PRESS = "press"
    RELEASE = "release"
    TOGGLE = "toggle"


def add_to(app: typer.Typer) -> None:
    for command in (run, start, stop, restart, status, logs, listen, mute, unmute, ptt, interrupt, events):
        app.command(rich_help_panel=_PANEL)(command)
    app.add_typer(persona_app, name="persona", rich_help_panel=_PANEL)


# ---------------------------------------------------------------- its life


def run(
    persona: Annotated[
        str | None, typer.Option("--persona", "-p", help="Who to talk to, instead of the setting.")
    ] = None,
    stt: Annotated[str | None, typer.Option(help="Hearing model, instead of the setting.")] = None,
    llm: Annotated[str | None, typer.Option(help="Thinking model, instead of the setting.")] = None,
    log_words: LogWords = False,
    ready: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Be the daemon: hold the conversation without a terminal, until told to stop.

    This is what the login service runs. By hand, `voicemate start` does it in the background. A microphone, a model
    or a setting that is missing does not end it: `voicemate status` says what to do, and it tries again.
    """
    from voicemate.daemon.process import Options, run

    overrides = {"persona": persona, "hearing.model": stt, "thinking.model": llm}
    run(Options(overrides, log_words, aloud=sys.stderr.isatty(), ready=ready))


def start(
    log_words: LogWords = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it listens.")] = False,
) -> None:
    """Start voicemate in the background; it goes on when the terminal closes.

    Where the login service is installed, that is started, and decides how.
    """
    from voicemate.daemon.launching import launch, wait_for_socket

    try:
        found = _ask_status()
    except NotRunningError:
        if _started_as_service():
            wait_for_socket()
        else:
            launch(["--log-words"] if log_words else [])
    else:
        note(f"voicemate runs already (process {found.pid}).")
    if not no_wait:
        _tell_state(_settled())


def stop() -> None:
    """End voicemate: silence at once, everything heard is kept."""
    from voicemate.daemon.launching import end

    if not end():
        raise NotRunningError("voicemate is not running")
    note("voicemate has ended.")


def restart(log_words: LogWords = False) -> None:
    """End voicemate, whatever state it is in, and start it again."""
    from voicemate.daemon.launching import end

    end()
    start(log_words)


def status(as_json: JsonOption = False) -> None:
    """Show what voicemate does and, if something is missing, what to do about it.

    Exit code 11 when it is not running.

    [bold]Example[/]: voicemate status --json | jq .state
    """
    found = _ask_status()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in _described(found):
        table.add_row(name, value)
    results().print(table)
    for problem in found.problems:
        complain(f"{problem.where}: {problem.wrong}. {problem.remedy}{'.' if problem.remedy else ''}")


def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more comes; Ctrl-C ends it.")] = False,
) -> None:
    """Show what happened, newest last. No word of a conversation is in it, unless it was started with --log-words."""
    from voicemate.daemon.log import followed, log_path, tail

    shown = tail(log_path(), lines)
    if not shown and not follow:
        note(f"Nothing has been logged yet ({log_path()}).")
    for line in shown:
        sys.stdout.write(line + "\n")
    if follow:
        for line in followed(log_path()):
            sys.stdout.write(line)
            sys.stdout.flush()


# ---------------------------------------------------------------- what it is told


def listen(switch: Annotated[Onoff, typer.Argument(help="on or off")]) -> None:
    """Listen, or close the microphone until told to listen again. Typed turns work all the same."""
    _call("listen", on=switch is Onoff.ON)


def mute() -> None:
    """Hear nothing for now; the microphone stays open and ready."""
    _call("mute", on=True)


def unmute() -> None:
    """Hear again."""
    _call("mute", on=False)


def ptt(action: Annotated[Action, typer.Argument(help="press, release or toggle")]) -> None:
    """Be the push-to-talk key, for a key that something else watches.

    [bold]Example[/]: bind a key of your desktop to `voicemate ptt toggle`.
    """
    _call("ptt", action=action.value)


def interrupt() -> None:
    """Make the character fall silent."""
    _call("interrupt")


@persona_app.command("use")
def use_persona(
    name: Annotated[str, typer.Argument(help="A key from `voicemate personas`, or a file.")],
    for_now: Annotated[
        bool, typer.Option("--for-now", help="Until voicemate ends, and not in the settings.")
    ] = False,
) -> None:
    """Talk to this character from now on.

    A running voicemate changes at once; the settings keep it for the next start.
    """
    from voicemate.personas.library import find

    shelved = find(name)
    named = str(shelved.file.resolve()) if shelved.source == "file" else shelved.key
    try:
        with Client() as client:
            done = client.call("persona", timeout_s=_CHANGE_S, name=named, keep=not for_now)
    except NotRunningError:
        if for_now:
            raise
        from voicemate.settings_file import set_value

        set_value("persona", named)
        note(f"{shelved.persona.name}, from the next start on.")
        return
    note(f"You talk to {done['character']} now.")
    if done["why_not"]:
        complain(f"It is not kept for the next start: {done['why_not']}")


def events(
    words: Annotated[bool, typer.Option("--words", help="Also what is said, by you and by the character.")] = False,
    levels: Annotated[
        bool, typer.Option("--levels", help="Also the microphone's level, ten times a second.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show everything that happens, as it happens; Ctrl-C ends it.

    [bold]Example[/]: voicemate events --json --words | jq -r 'select(.event == "Heard") | .text'
    """
    with Client() as client:
        for told in client.watch(words, levels):
            if as_json:
                print_json({"event": told.kind, **told.data})
            else:
                fields = " ".join(f"{name}={value}" for name, value in told.data.items() if name != "at")
                seconds = told.data.get("at", 0) / 16_000
                sys.stdout.write(f"{seconds:9.2f} s  {told.kind:<14} {fields}\n")
                sys.stdout.flush()


def said_by_daemon(text: str) -> bool:
    """Have a running daemon say ``text``; False when there is none."""
    try:
        with Client() as client:
            client.call("say", timeout_s=_REPLY_S, text=text)
    except NotRunningError:
        return False
    return True


def asked_of_daemon(text: str) -> bool:
    """Ask a running daemon ``text`` and print the reply as it is spoken; False when there is none."""
    try:
        with Client() as client:
            client.call("events", words=True)
            for piece in _reply(client, client.send("ask", text=text)):
                sys.stdout.write(piece)
                sys.stdout.flush()
    except NotRunningError:
        return False
    sys.stdout.write("\n")
    return True


def settings_changed() -> None:
    """Tell a running daemon that the settings were changed, and the person what comes of it."""
    try:
        with Client() as client:
            done = client.call("reload", timeout_s=_CHANGE_S)
    except NotRunningError:
        return
    for change in done["changed"]:
        note(f"{change['key']}: {change['effect']}")


# ---------------------------------------------------------------- how


def _call(command: str, **arguments: Any) -> dict[str, Any]:
    with Client() as client:
        return client.call(command, **arguments)


def _ask_status() -> Status:
    with Client() as client:
        return client.status()


def _settled() -> Status:
    """The daemon's status once it listens, or cannot."""
    with Client() as client:
        client.call("events")
        found = client.status()
        while found.state == FloorState.STARTING:
            client.receive(_READY_S)
            found = client.status()
        return found


def _started_as_service() -> bool:
    """Start the login service; False where none is installed."""
    from voicemate.service.login import login_service

    try:
        service = login_service(tell=note)
        if not service.status().installed:
            return False
    except ServiceError:  # nothing here starts services
        return False
    service.start()
    return True


def _tell_state(found: Status) -> None:
    if found.problems and found.state == FloorState.UNAVAILABLE:
        problem = found.problems[-1]
        raise ControlError(f"voicemate runs (process {found.pid}), but {_small(problem.wrong)}", problem.remedy)
    note(f"voicemate is {found.state} (process {found.pid}, {found.character}).")


def _small(sentence: str) -> str:
    """A sentence that goes on after a comma."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def _reply(client: Client, number: int) -> Iterator[str]:
    """The phrases of the reply to request ``number`` as they are spoken."""
    typed, turn = False, None
    while True:
        message = client.receive(_REPLY_S)
        match message:
            case Answer(id=answered) if answered == number:
                if message.error:
                    raise message.error
                return
            case Told(kind="TurnEnded") if not typed:
                typed, turn = True, message.data["turn"]
            case Told(kind="PhraseStarted") if typed and message.data["turn"] == turn:
                yield message.data["text"]


def _described(found: Status) -> Iterator[tuple[str, Text]]:
    bad = found.state == FloorState.UNAVAILABLE
    reason = f" ({found.reason})" if found.reason and not bad else ""
    muted = ", muted" if found.muted else ""
    yield "state", Text(f"{found.state}{muted}{reason}", style="red" if bad else "green")
    yield "character", Text(f"{found.character} ({found.persona})" if found.character else found.persona)
    yield "models", Text(f"{found.models.hearing} · {found.models.thinking} · {found.models.speaking}")
    for kind, device in (("microphone", found.microphone), ("loudspeaker", found.loudspeaker)):
        yield kind, Text(device.name if device.open else f"{device.name} (closed)")
    yield "turns", Text(found.mode)
    yield "echo", Text(found.echo)
    on = [name for name, holds in found.offline.items() if holds]
    off = [name for name, holds in found.offline.items() if not holds]
    missing = f"; not on: {', '.join(off)}" if off else ""
    yield "offline", Text(f"{', '.join(on) or 'no lock'}{missing}", style="yellow" if off else "")
    gaps = f", gap {median(found.gaps_ms):.0f} ms (of the last {len(found.gaps_ms)})" if found.gaps_ms else ""
    yield "said", Text(f"{found.turns} turns{gaps}")
    up = timedelta(seconds=round(found.uptime_s))
    yield "process", Text(f"{found.pid}, up {up}, {found.memory_mb:.0f} MB, version {found.version}")
