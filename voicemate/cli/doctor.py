"""``voicemate doctor``: check everything that a conversation needs."""

import os
import sys
from typing import Annotated

import typer

from voicemate.cli.render.output import JsonOption, print_json, print_note, stdout_console
from voicemate.config.loader import load
from voicemate.doctor.runner import DoctorReport


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to ``app``."""
    app.command(rich_help_panel="Daemon")(doctor)


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Fix what can be fixed without losing anything.")] = False,
    loop: Annotated[
        bool, typer.Option("--loop", help="Also play test sounds and a sentence, and record them.")
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also read every model completely and compare its hash.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only show the proof that a conversation reaches no network.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check everything that a conversation needs, and say how to fix what is wrong.

    Listens to the microphone for a second and stores nothing. Exit code 1 if there is a problem.

    [bold]Examples[/]: voicemate doctor · voicemate doctor --fix · voicemate doctor --loop
    """
    if offline:
        if fix or loop or thorough:
            raise typer.BadParameter("--offline cannot be combined with other options")
        from voicemate.cli.render.offline_table import show_evidence

        if not show_evidence(load().offline.sandbox, as_json):
            raise typer.Exit(1)
        return
    _exit(0 if _run_checks(fix, loop, thorough, as_json).passed else 1)


def _run_checks(fix: bool, loop: bool, thorough: bool, as_json: bool) -> DoctorReport:
    from voicemate.cli.render.doctor_table import CheckProgress, ReportPrinter, report_as_json
    from voicemate.doctor.check import CheckContext
    from voicemate.doctor.registry import all_checks, load_settings_or_defaults, query_status
    from voicemate.doctor.runner import run_checks

    progress, printer = CheckProgress(), ReportPrinter(stdout_console())
    with progress.labelled("daemon"):
        status = query_status()
    context = CheckContext(load_settings_or_defaults(), sys.platform, status, thorough, progress.update)
    report = run_checks(
        all_checks(loop),
        context,
        fix=fix,
        progress=progress.running,
        on_result=(lambda result: None) if as_json else printer.print_result,
        on_message=print_note,
    )
    if as_json:
        print_json(report_as_json(report))
    else:
        printer.print_summary(report, fix)
    return report


def _exit(status: int) -> None:
    """End the command. If an abandoned check still runs, end the process at once: the check may block cleanup."""
    from voicemate.doctor.check import has_abandoned_checks

    if has_abandoned_checks():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    raise typer.Exit(status)
