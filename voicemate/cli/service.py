"""``voicemate service``: the login service."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from voicemate.cli.menu import set_menu_at_login
from voicemate.cli.render.output import JsonOption, print_error, print_json, print_note, stdout_console
from voicemate.core.errors import ServiceError

service_app = typer.Typer(no_args_is_help=True, help="Start voicemate at login and keep it running.")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list the files and commands.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.add_typer(service_app, name="service", rich_help_panel="Daemon")


@service_app.command()
def install(dry_run: DryRun = False) -> None:
    """Start voicemate now and at every login, together with the menu.

    Run it again to upgrade. If anything fails, every change is undone.
    """
    from voicemate.service.failure import last_failure
    from voicemate.service.interpreter import this_interpreter
    from voicemate.service.login import login_service

    if dry_run:
        login_service(dry_run=typer.echo).install(this_interpreter())
        set_menu_at_login(True, dry_run=typer.echo)
        return
    service = login_service(report=print_note)
    observed = service.install(this_interpreter())
    set_menu_at_login(True)
    if observed.pid is not None:
        print_note("Installed and running. `voicemate service status` shows its state.")
        return
    failure = last_failure()
    hint = f"{failure.message}. {failure.hint}" if failure else "`voicemate service logs` shows why"
    raise ServiceError("It is installed, but exited at once", f"{hint}; then `voicemate service install` again")


@service_app.command()
def uninstall(dry_run: DryRun = False) -> None:
    """Stop voicemate and do not start it at login. Models, settings and history stay."""
    from voicemate.service.login import login_service

    service = login_service(dry_run=typer.echo) if dry_run else login_service(report=print_note)
    installed = service.uninstall()
    set_menu_at_login(False, dry_run=typer.echo if dry_run else None)
    if not installed:
        print_note("The service is not installed.")
    elif not dry_run:
        print_note("Uninstalled. Models, settings and history are still there.")


@service_app.command()
def status(as_json: JsonOption = False) -> None:
    """Show whether the service is installed and running, and its problems.

    Exit code 0 if it is running without problems.
    """
    from voicemate.service.login import login_service

    found = login_service().status()
    healthy = found.installed and found.observed.pid is not None and not found.problems
    if as_json:
        print_json(asdict(found))
    else:
        console, observed = stdout_console(), found.observed
        if not found.installed:
            state = "not installed (`voicemate service install`)"
        elif observed.pid is not None:
            state = f"running (process {observed.pid})"
        else:
            state = "not running"
        console.print(Text(f"service    {state}", style="green" if healthy else "yellow"))
        if found.installed:
            console.print(f"by         {found.manager}: {observed.state or 'not loaded'}")
            console.print(f"defined    {found.definition}", soft_wrap=True)
            if not found.at_login:
                console.print("at login   turned off; `voicemate service install` turns it on")
        if found.interpreter:
            runs = f"voicemate {found.interpreter.voicemate} on Python {found.interpreter.version}"
            console.print(f"runs       {runs} ({found.interpreter.python})", soft_wrap=True)
        for problem in found.problems:
            print_error(f"{problem.message}. {problem.hint}.")
        for line in found.advice:
            print_note(line)
    if not healthy:
        raise typer.Exit(ServiceError.exit_code)


@service_app.command()
def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show new lines until Ctrl-C.")] = False,
) -> None:
    """Show the service's log. It contains nothing that was said."""
    from voicemate.service.login import login_service

    command = login_service().log_command(lines, follow)
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        raise ServiceError(f"There is no {command[0]} on this machine", "Install it to see the log") from None


@service_app.command("ask-microphone", hidden=True)
def ask_microphone(answer: Path) -> None:
    """Inside Voicemate.app: have macOS ask for the microphone permission, and write the answer to a file."""
    from voicemate.service.launchd.microphone_permission import ask_for_permission

    answer.write_text(ask_for_permission().name, encoding="utf-8")
