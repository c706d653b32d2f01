"""``run``, ``start``, ``status`` and what else has to do with the daemon's life."""

import sys
import time
from typing import Annotated

import typer
from rich.table import Table

from voicemate.cli.output import JsonOption, complain, note, print_json, results
from voicemate.cli.status_table import described
from voicemate.control.client import Client
from voicemate.control.status import Status
from voicemate.errors import ControlError, NotRunningError, ServiceError
from voicemate.events import FloorState

_READY_S = 60.0
"""How long ``start`` waits until the daemon listens: a large model on a slow disk."""

LogWords = Annotated[bool, typer.Option("--log-words", help="Write what is said into the log too.")]


def add_to(app: typer.Typer) -> None:
    for command in (run, start, stop, restart, status, logs):
        app.command(rich_help_panel="Daemon")(command)


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
    for name, value in described(found):
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


def _ask_status() -> Status:
    with Client() as client:
        return client.status()


def _settled() -> Status:
    """The daemon's status once it listens, or cannot."""
    with Client() as client:
        client.call("events")
        deadline = time.monotonic() + _READY_S
        while (found := client.status()).state == FloorState.STARTING:
            client.receive(deadline - time.monotonic())
        return found


def _started_as_service() -> bool:
    """Start the login service; False where none is installed."""
    from voicemate.service.login import login_service

    try:
        service = login_service(tell=note)
    except ServiceError:  # as root: no service of this account's
        return False
    if service.installed:
        service.start()
    return service.installed


def _tell_state(found: Status) -> None:
    if found.problems and found.state == FloorState.UNAVAILABLE:
        problem = found.problems[-1]
        raise ControlError(f"voicemate runs (process {found.pid}), but {_small(problem.wrong)}", problem.remedy)
    note(f"voicemate is {found.state} (process {found.pid}, {found.character}).")


def _small(sentence: str) -> str:
    """A sentence that goes on after a comma."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence
