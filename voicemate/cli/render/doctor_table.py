"""``voicemate doctor`` as a person reads it: a line for each check as soon as it is done, and what to do."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from voicemate.cli.render.output import stderr_console
from voicemate.doctor.check import Check
from voicemate.doctor.finding import Finding, Severity
from voicemate.doctor.runner import CheckResult, DoctorReport

_STYLES = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.PROBLEM: "bold red"}
_SIGNS = {Severity.OK: "✓", Severity.WARNING: "!", Severity.PROBLEM: "✗"}
_PLAIN_SIGNS = {Severity.OK: "+", Severity.WARNING: "!", Severity.PROBLEM: "x"}

_MAX_WIDTH = 100
"""Longer lines are hard to read."""

_NAME_WIDTH = 10
_INDENT = _NAME_WIDTH + 4


class ReportPrinter:
    """Shows what is found while it is found.

    Args:
        console: where it is shown.
    """

    def __init__(self, console: Console):
        self._console = console
        self._group = ""
        unicode = (console.encoding or "").lower().replace("-", "").startswith("utf")
        self._signs = _SIGNS if unicode else _PLAIN_SIGNS
        self._arrow = "→" if unicode else "->"

    def print_result(self, looked: CheckResult) -> None:
        if looked.check.group != self._group:
            self._console.print(Text(f"{'' if not self._group else chr(10)}{looked.check.group}", style="bold"))
            self._group = looked.check.group
        name = looked.check.name
        for finding in looked.findings:
            self._print_line(
                Text(self._signs[finding.severity], _STYLES[finding.severity]), name, self._format_message(finding)
            )
            name = ""
            if finding.hint:
                self._print_line(
                    Text(" "), "", Text.assemble((f"{self._arrow} ", "dim"), self._highlight_commands(finding.hint))
                )
        for line in looked.fixed:
            self._print_line(Text(" "), "", Text(f"--fix: {line}", style="cyan"))

    def _format_message(self, finding: Finding) -> Text:
        return self._highlight_commands(
            finding.message, "" if finding.severity is Severity.OK else _STYLES[finding.severity]
        )

    def _highlight_commands(self, sentence: str, style: str = "") -> Text:
        """``sentence`` with its commands in a colour instead of backticks, where there are colours."""
        if self._console.color_system is None:
            return Text(sentence)
        pieces = sentence.split("`")
        return Text.assemble(*((piece, "cyan" if number % 2 else style) for number, piece in enumerate(pieces)))

    def _print_line(self, sign: Text, name: str, told: Text) -> None:
        """A line, or several of them below each other."""
        for line in told.wrap(self._console, min(self._console.width, _MAX_WIDTH) - _INDENT, overflow="fold"):
            line.rstrip()
            self._console.print(Text.assemble(" ", sign, f" {name:{_NAME_WIDTH}} ", line), soft_wrap=True)
            sign, name = Text(" "), ""

    def print_summary(self, examination: DoctorReport, fixed: bool) -> None:
        """The count, and what ``--fix`` could do."""
        problems, warnings = examination.count(Severity.PROBLEM), examination.count(Severity.WARNING)
        told = [
            Text(_count(problems, "problem"), style=_STYLES[Severity.PROBLEM] if problems else "green"),
            Text(_count(warnings, "warning"), style=_STYLES[Severity.WARNING] if warnings else ""),
            Text(f"{examination.count(Severity.OK)} fine"),
        ]
        self._console.print(Text("\n") + Text(" · ").join(told))
        if examination.fixable and not fixed:
            some = "it" if examination.fixable == 1 and problems + warnings == 1 else f"{examination.fixable} of them"
            self._console.print(Text(f"`voicemate doctor --fix` can mend {some}."))


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


class CheckProgress:
    """Says on standard error what is being looked at, where that is a terminal."""

    def __init__(self) -> None:
        console = stderr_console()
        self._status = Status("", console=console) if console.is_terminal else None
        self._name = ""
        self._lock = threading.Lock()

    def running(self, check: Check) -> AbstractContextManager[None]:
        """Shows that ``check`` is under way while the body runs."""
        return self.labelled(check.name)

    @contextmanager
    def labelled(self, name: str) -> Iterator[None]:
        """The same for anything else."""
        self._name = name
        if self._status is None:
            yield
            return
        self.update("")
        with self._status:
            yield

    def update(self, what: str) -> None:
        """One of the check's own words; from any thread."""
        if self._status:
            with self._lock:
                self._status.update(Text(f"{self._name}  {what}", style="dim"))
