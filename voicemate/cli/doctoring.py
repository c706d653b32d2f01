"""``voicemate doctor``: look at everything that a conversation needs."""

import os
import sys
from typing import Annotated, Any

import typer

from voicemate import __version__
from voicemate.cli.output import JsonOption, note, print_json, results
from voicemate.config import load
from voicemate.doctor.examination import Examination


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
        from voicemate.cli.offline_table import show_evidence

        if not show_evidence(load().offline.sandbox, as_json):
            raise typer.Exit(1)
        return
    if not _examined(fix, loop, thorough, as_json).well:
        _leave(1)
    _leave(0)


def _examined(fix: bool, loop: bool, thorough: bool, as_json: bool) -> Examination:
    from voicemate.cli.doctor_table import Progress, Report
    from voicemate.doctor.check import Ground
    from voicemate.doctor.examination import look_at_all
    from voicemate.doctor.rounds import all_checks, settings_or_defaults, status_now

    progress, report = Progress(), Report(results())
    with progress.showing("daemon"):
        status = status_now()
    ground = Ground(settings_or_defaults(), sys.platform, status, thorough, progress.watch)
    examination = look_at_all(
        all_checks(loop),
        ground,
        fix=fix,
        busy=progress.during,
        show=(lambda looked: None) if as_json else report.show,
        tell=note,
    )
    if as_json:
        print_json(_for_scripts(examination))
    else:
        report.end(examination, fix)
    return examination


def _for_scripts(examination: Examination) -> dict[str, Any]:
    """docs/doctor.md describes it."""
    findings = [
        {
            "group": one.check.group,
            "check": one.check.name,
            "level": str(finding.level),
            "told": finding.told,
            "fix": finding.fix,
            "mendable": finding.mend is not None,
            "facts": dict(finding.facts),
        }
        for one in examination.looked
        for finding in one.findings
    ]
    done = [{"check": one.check.name, "told": line} for one in examination.looked for line in one.done]
    return {"version": __version__, "well": examination.well, "findings": findings, "done": done}


def _leave(status: int) -> None:
    """End the command; the process at once, where a check has not come to an end and may hold on to anything."""
    from voicemate.doctor.check import anything_left_behind

    if anything_left_behind():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    raise typer.Exit(status)
