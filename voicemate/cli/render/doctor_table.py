"""``voicemate doctor`` as text: a line for each check as soon as it is done, with hints."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

from voicemate import __version__
from voicemate.cli.render.output import count, stderr_console
from voicemate.doctor.check import Check
from voicemate.doctor.finding import Finding, Severity
from voicemate.doctor.runner import CheckResult, DoctorReport

_STYLES = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.PROBLEM: "bold red"}
_SIGNS = {Severity.OK: "✓", Severity.WARNING: "!", Severity.PROBLEM: "✗"}
_ASCII_SIGNS = {Severity.OK: "+", Severity.WARNING: "!", Severity.PROBLEM: "x"}

_MAX_WIDTH = 100
"""Longer lines are hard to read."""

_NAME_WIDTH = 10
_INDENT = _NAME_WIDTH + 4


class ReportPrinter:
    """Prints the results of checks as they arrive.

    Args:
        console: where to print.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._group = ""
        unicode = (console.encoding or "").lower().replace("-", "").startswith("utf")
        self._signs = _SIGNS if unicode else _ASCII_SIGNS
        self._arrow = "→" if unicode else "->"

    def print_result(self, result: CheckResult) -> None:
        """Print the findings of one check, and what was fixed."""
        if result.check.group != self._group:
            self._console.print(Text(f"{'' if not self._group else chr(10)}{result.check.group}", style="bold"))
            self._group = result.check.group
        name = result.check.name
        for finding in result.findings:
            sign = Text(self._signs[finding.severity], _STYLES[finding.severity])
            self._print_line(sign, name, self._format_message(finding))
            name = ""
            if finding.hint:
                hint = Text.assemble((f"{self._arrow} ", "dim"), self._highlight_commands(finding.hint))
                self._print_line(Text(" "), "", hint)
        for line in result.fixed:
            self._print_line(Text(" "), "", Text(f"--fix: {line}", style="cyan"))

    def print_summary(self, report: DoctorReport, fixed: bool) -> None:
        """Print the counts, and how many findings ``--fix`` could fix unless it was ``fixed`` already."""
        problems, warnings = report.count(Severity.PROBLEM), report.count(Severity.WARNING)
        counts = [
            Text(count(problems, "problem"), style=_STYLES[Severity.PROBLEM] if problems else "green"),
            Text(count(warnings, "warning"), style=_STYLES[Severity.WARNING] if warnings else ""),
            Text(f"{report.count(Severity.OK)} ok"),
        ]
        self._console.print(Text("\n") + Text(" · ").join(counts))
        if report.fixable and not fixed:
            which = "it" if report.fixable == 1 and problems + warnings == 1 else f"{report.fixable} of them"
            self._console.print(Text(f"`voicemate doctor --fix` can fix {which}."))

    def _format_message(self, finding: Finding) -> Text:
        style = "" if finding.severity is Severity.OK else _STYLES[finding.severity]
        return self._highlight_commands(finding.message, style)

    def _highlight_commands(self, sentence: str, style: str = "") -> Text:
        """``sentence`` with its commands in a colour instead of backticks, if the console has colours."""
        if self._console.color_system is None:
            return Text(sentence)
        parts = sentence.split("`")
        return Text.assemble(*((part, "cyan" if number % 2 else style) for number, part in enumerate(parts)))

    def _print_line(self, sign: Text, name: str, message: Text) -> None:
        """Print ``message``, wrapped to the width of its column."""
        for line in message.wrap(self._console, min(self._console.width, _MAX_WIDTH) - _INDENT, overflow="fold"):
            line.rstrip()
            self._console.print(Text.assemble(" ", sign, f" {name:{_NAME_WIDTH}} ", line), soft_wrap=True)
            sign, name = Text(" "), ""


def report_as_json(report: DoctorReport) -> dict[str, Any]:
    """Convert ``report`` to the JSON object described in docs/guide/doctor.md."""
    findings = [
        {
            "group": result.check.group,
            "check": result.check.name,
            "severity": str(finding.severity),
            "message": finding.message,
            "hint": finding.hint,
            "fixable": finding.fix is not None,
            "facts": dict(finding.facts),
        }
        for result in report.results
        for finding in result.findings
    ]
    fixed = [{"check": result.check.name, "message": line} for result in report.results for line in result.fixed]
    return {"version": __version__, "passed": report.passed, "findings": findings, "fixed": fixed}


class CheckProgress:
    """Shows on standard error which check is running, if that is a terminal."""

    def __init__(self) -> None:
        console = stderr_console()
        self._status = Status("", console=console) if console.is_terminal else None
        self._name = ""
        self._lock = threading.Lock()

    def running(self, check: Check) -> AbstractContextManager[None]:
        """Show that ``check`` is running during the block."""
        return self.labelled(check.name)

    @contextmanager
    def labelled(self, name: str) -> Iterator[None]:
        """Show ``name`` during the block."""
        self._name = name
        if self._status is None:
            yield
            return
        self.update("")
        with self._status:
            yield

    def update(self, message: str) -> None:
        """Show ``message`` beside the name. Called from any thread."""
        if self._status:
            with self._lock:
                self._status.update(Text(f"{self._name}  {message}", style="dim"))
