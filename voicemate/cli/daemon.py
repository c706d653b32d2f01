"""``run``, ``start``, ``status`` and what else has to do with the daemon's life."""

import sys
import time
from typing import Annotated

import typer
from rich.table import Table

from voicemate.cli.render.output import JsonOption, print_error, print_json, print_note, stdout_console
from voicemate.cli.render.status_table import status_rows
from voicemate.control.client import ControlClient
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import ControlError, NotRunningError, ServiceError
from voicemate.core.events import FloorState

_READY_TIMEOUT_S = 60.0
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
    from voicemate.daemon.process import DaemonOptions, run_daemon

    overrides = {"persona": persona, "stt.model": stt, "llm.model": llm}
    run_daemon(DaemonOptions(overrides, log_words, log_to_stderr=sys.stderr.isatty(), ready_descriptor=ready))


def start(
    log_words: LogWords = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it listens.")] = False,
) -> None:
    """Start voicemate in the background; it goes on when the terminal closes.

    Where the login service is installed, that is started, and decides how.
    """
    from voicemate.daemon.launcher import launch_daemon, wait_for_socket

    try:
        found = _query_status()
    except NotRunningError:
        if _started_as_service():
            wait_for_socket()
        else:
            launch_daemon(["--log-words"] if log_words else [])
    else:
        print_note(f"voicemate runs already (process {found.pid}).")
    if not no_wait:
        _print_state(_wait_until_settled())


def stop() -> None:
    """End voicemate: silence at once, everything heard is kept."""
    from voicemate.daemon.launcher import stop_daemon

    if not stop_daemon():
        raise NotRunningError("voicemate is not running")
    print_note("voicemate has ended.")


def restart(log_words: LogWords = False) -> None:
    """End voicemate, whatever state it is in, and start it again."""
    from voicemate.daemon.launcher import stop_daemon

    stop_daemon()
    start(log_words)


def status(as_json: JsonOption = False) -> None:
    """Show what voicemate does and, if something is missing, what to do about it.

    Exit code 11 when it is not running.

    [bold]Example[/]: voicemate status --json | jq .state
    """
    found = _query_status()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in status_rows(found):
        table.add_row(name, value)
    stdout_console().print(table)
    for problem in found.problems:
        print_error(f"{problem.component}: {problem.message}. {problem.hint}{'.' if problem.hint else ''}")


def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more comes; Ctrl-C ends it.")] = False,
) -> None:
    """Show what happened, newest last. No word of a conversation is in it, unless it was started with --log-words."""
    from voicemate.daemon import log

    shown = log.tail(log.log_path(), lines)
    if not shown and not follow:
        print_note(f"Nothing has been logged yet ({log.log_path()}).")
    for line in shown:
        sys.stdout.write(line + "\n")
    if follow:
        for line in log.follow(log.log_path()):
            sys.stdout.write(line)
            sys.stdout.flush()


def _query_status() -> DaemonStatus:
    with ControlClient() as client:
        return client.status()


def _wait_until_settled() -> DaemonStatus:
    """The daemon's status once it listens, or cannot."""
    with ControlClient() as client:
        client.call("events")
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while (found := client.status()).state == FloorState.STARTING:
            client.receive(deadline - time.monotonic())
        return found


def _started_as_service() -> bool:
    """Start the login service; False where none is installed."""
    from voicemate.service.login import login_service

    try:
        service = login_service(report=print_note)
    except ServiceError:  # as root: no service of this account's
        return False
    if service.installed:
        service.start()
    return service.installed


def _print_state(found: DaemonStatus) -> None:
    if found.problems and found.state == FloorState.UNAVAILABLE:
        problem = found.problems[-1]
        raise ControlError(f"voicemate runs (process {found.pid}), but {_lower_first(problem.message)}", problem.hint)
    print_note(f"voicemate is {found.state} (process {found.pid}, {found.character}).")


def _lower_first(sentence: str) -> str:
    """A sentence that goes on after a comma."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence
