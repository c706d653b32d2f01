"""``voicemate doctor``: look at everything that a conversation needs."""

import os
import sys
from typing import Annotated, Any

import typer

from voicemate import __version__
from voicemate.cli.render.output import JsonOption, print_json, print_note, stdout_console
from voicemate.config.schema import load
from voicemate.doctor.runner import DoctorReport


def add_to(app: typer.Typer) -> None:
    app.command(rich_help_panel="Daemon")(doctor)


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")] = False,
    loop: Annotated[
        bool, typer.Option("--loop", help="Also play sounds and a sentence, and find out what is heard of them.")
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also read every model to its last byte and compare its hash.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Only prove, in detail, that a conversation reaches no network.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at everything that a conversation needs, and say what is wrong and how to mend it.

    Listens to the microphone for a second; nothing of it is kept. Exit code 1 when there is a problem.

    [bold]Examples[/]: voicemate doctor · voicemate doctor --fix · voicemate doctor --loop
    """
    if offline:
        if fix or loop or thorough:
            raise typer.BadParameter("--offline looks at nothing else")
        from voicemate.cli.render.offline_table import show_evidence

        if not show_evidence(load().offline.sandbox, as_json):
            raise typer.Exit(1)
        return
    if not _run_checks(fix, loop, thorough, as_json).passed:
        _exit(1)
    _exit(0)


def _run_checks(fix: bool, loop: bool, thorough: bool, as_json: bool) -> DoctorReport:
    from voicemate.cli.render.doctor_table import CheckProgress, ReportPrinter
    from voicemate.doctor.check import CheckContext
    from voicemate.doctor.registry import all_checks, load_settings_or_defaults, query_status
    from voicemate.doctor.runner import run_checks

    progress, report = CheckProgress(), ReportPrinter(stdout_console())
    with progress.labelled("daemon"):
        status = query_status()
    ground = CheckContext(load_settings_or_defaults(), sys.platform, status, thorough, progress.update)
    examination = run_checks(
        all_checks(loop),
        ground,
        fix=fix,
        progress=progress.running,
        on_result=(lambda looked: None) if as_json else report.print_result,
        on_message=print_note,
    )
    if as_json:
        print_json(_report_as_json(examination))
    else:
        report.print_summary(examination, fix)
    return examination


def _report_as_json(examination: DoctorReport) -> dict[str, Any]:
    """docs/guide/doctor.md describes it."""
    findings = [
        {
            "group": one.check.group,
            "check": one.check.name,
            "level": str(finding.severity),
            "told": finding.message,
            "fix": finding.hint,
            "mendable": finding.fix is not None,
            "facts": dict(finding.facts),
        }
        for one in examination.results
        for finding in one.findings
    ]
    done = [{"check": one.check.name, "told": line} for one in examination.results for line in one.fixed]
    return {"version": __version__, "well": examination.passed, "findings": findings, "done": done}


def _exit(status: int) -> None:
    """End the command; the process at once, where a check has not come to an end and may hold on to anything."""
    from voicemate.doctor.check import has_abandoned_checks

    if has_abandoned_checks():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    raise typer.Exit(status)
