"""``run``, ``start``, ``stop``, ``restart``, ``status`` and ``logs``: the daemon's process."""

import sys
import time
from typing import Annotated

import typer

from voicemate.cli.render.output import JsonOption, print_error, print_json, print_note, stdout_console
from voicemate.cli.render.status_table import status_table
from voicemate.control.client import ControlClient
from voicemate.control.status import DaemonStatus
from voicemate.core.errors import ControlError, NotRunningError
from voicemate.core.events import FloorState

_READY_TIMEOUT_S = 60.0
"""How long ``start`` waits until the daemon listens; a large model on a slow disk takes long."""

LogWords = Annotated[bool, typer.Option("--log-words", help="Also write what is said to the log.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    for command in (run, start, stop, restart, status, logs):
        app.command(rich_help_panel="Daemon")(command)


def run(
    persona: Annotated[str | None, typer.Option("--persona", "-p", help="Character, instead of the setting.")] = None,
    stt: Annotated[str | None, typer.Option(help="Speech recognition model, instead of the setting.")] = None,
    llm: Annotated[str | None, typer.Option(help="Language model, instead of the setting.")] = None,
    log_words: LogWords = False,
    ready: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run the daemon in the foreground until it is stopped.

    The login service runs this; `voicemate start` runs it in the background. A missing microphone, model or setting
    does not end it: `voicemate status` shows what to do, and the daemon tries again.
    """
    from voicemate.daemon.process import DaemonOptions, run_daemon

    overrides = {"persona": persona, "stt.model": stt, "llm.model": llm}
    run_daemon(DaemonOptions(overrides, log_words, log_to_stderr=sys.stderr.isatty(), ready_descriptor=ready))


def start(
    log_words: LogWords = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until it listens.")] = False,
) -> None:
    """Start voicemate in the background. It keeps running when the terminal closes.

    If the login service is installed, this starts the service.
    """
    from voicemate.daemon.launcher import start_daemon

    running = start_daemon(["--log-words"] if log_words else [], print_note)
    if running is not None:
        print_note(f"voicemate is already running (process {running}).")
    if not no_wait:
        _print_state(_wait_until_ready())


def stop() -> None:
    """Stop voicemate."""
    from voicemate.daemon.launcher import stop_daemon

    if not stop_daemon():
        raise NotRunningError("voicemate is not running")
    print_note("voicemate has stopped.")


def restart(log_words: LogWords = False) -> None:
    """Stop voicemate, even if it does not respond, and start it again."""
    from voicemate.daemon.launcher import stop_daemon

    stop_daemon()
    start(log_words)


def status(as_json: JsonOption = False) -> None:
    """Show what voicemate is doing and, if something is missing, what to do about it.

    Exit code 11 if it is not running.

    [bold]Example[/]: voicemate status --json | jq .state
    """
    with ControlClient() as client:
        found = client.status()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    stdout_console().print(status_table(found))
    for problem in found.problems:
        hint = f" {problem.hint}." if problem.hint else ""
        print_error(f"{problem.component}: {problem.message}.{hint}")


def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new lines until Ctrl-C.")] = False,
) -> None:
    """Show the log, newest line last. It contains nothing that was said, except with --log-words."""
    from voicemate.daemon.log import follow as follow_log
    from voicemate.daemon.log import log_path, tail

    last = tail(log_path(), lines)
    if not last and not follow:
        print_note(f"The log is empty ({log_path()}).")
    for line in last:
        sys.stdout.write(line + "\n")
    if follow:
        for line in follow_log(log_path()):
            sys.stdout.write(line)
            sys.stdout.flush()


def _wait_until_ready() -> DaemonStatus:
    """Wait until the daemon has started or reports a problem; returns its status."""
    with ControlClient() as client:
        client.call("events")
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while (found := client.status()).state == FloorState.STARTING:
            client.receive(deadline - time.monotonic())
        return found


def _print_state(found: DaemonStatus) -> None:
    """Print the daemon's state.

    Raises:
        ControlError: it is running, but cannot listen.
    """
    if found.problems and found.state == FloorState.UNAVAILABLE:
        problem = found.problems[-1]
        raise ControlError(
            f"voicemate is running (process {found.pid}), but {_lower_first(problem.message)}", problem.hint
        )
    print_note(f"voicemate is {found.state} (process {found.pid}, {found.character}).")


def _lower_first(sentence: str) -> str:
    """``sentence`` with a small first letter, unless it starts with an acronym."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence
