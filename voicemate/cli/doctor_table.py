"""``voicemate doctor`` as a person reads it: a line for each check as soon as it is done, and what to do."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from voicemate.cli.output import messages
from voicemate.doctor.check import Check
from voicemate.doctor.examination import Examination, Looked
from voicemate.doctor.finding import Finding, Level

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
_SIGNS = {Level.OK: "✓", Level.WARNING: "!", Level.PROBLEM: "✗"}
_PLAIN_SIGNS = {Level.OK: "+", Level.WARNING: "!", Level.PROBLEM: "x"}

_WIDEST = 100
"""Longer lines are hard to read."""

_NAMES = 10
_INDENT = _NAMES + 4


class Report:
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

    def show(self, looked: Looked) -> None:
        if looked.check.group != self._group:
            self._console.print(Text(f"{'' if not self._group else chr(10)}{looked.check.group}", style="bold"))
            self._group = looked.check.group
        name = looked.check.name
        for finding in looked.findings:
            self._print(Text(self._signs[finding.level], _STYLES[finding.level]), name, self._sentence(finding))
            name = ""
            if finding.fix:
                self._print(Text(" "), "", Text.assemble((f"{self._arrow} ", "dim"), self._commands(finding.fix)))
        for line in looked.done:
            self._print(Text(" "), "", Text(f"--fix: {line}", style="cyan"))

    def _sentence(self, finding: Finding) -> Text:
        return self._commands(finding.told, "" if finding.level is Level.OK else _STYLES[finding.level])

    def _commands(self, sentence: str, style: str = "") -> Text:
        """``sentence`` with its commands in a colour instead of backticks, where there are colours."""
        if self._console.color_system is None:
            return Text(sentence)
        pieces = sentence.split("`")
        return Text.assemble(*((piece, "cyan" if number % 2 else style) for number, piece in enumerate(pieces)))

    def _print(self, sign: Text, name: str, told: Text) -> None:
        """A line, or several of them below each other."""
        for line in told.wrap(self._console, min(self._console.width, _WIDEST) - _INDENT, overflow="fold"):
            line.rstrip()
            self._console.print(Text.assemble(" ", sign, f" {name:{_NAMES}} ", line), soft_wrap=True)
            sign, name = Text(" "), ""

    def end(self, examination: Examination, fixed: bool) -> None:
        """The count, and what ``--fix`` could do."""
        problems, warnings = examination.count(Level.PROBLEM), examination.count(Level.WARNING)
        told = [
            Text(_counted(problems, "problem"), style=_STYLES[Level.PROBLEM] if problems else "green"),
            Text(_counted(warnings, "warning"), style=_STYLES[Level.WARNING] if warnings else ""),
            Text(f"{examination.count(Level.OK)} fine"),
        ]
        self._console.print(Text("\n") + Text(" · ").join(told))
        if examination.mendable and not fixed:
            some = (
                "it" if examination.mendable == 1 and problems + warnings == 1 else f"{examination.mendable} of them"
            )
            self._console.print(Text(f"`voicemate doctor --fix` can mend {some}."))


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


class Progress:
    """Says on standard error what is being looked at, where that is a terminal."""

    def __init__(self) -> None:
        console = messages()
        self._status = Status("", console=console) if console.is_terminal else None
        self._name = ""
        self._lock = threading.Lock()

    def during(self, check: Check) -> AbstractContextManager[None]:
        """Shows that ``check`` is under way while the body runs."""
        return self.showing(check.name)

    @contextmanager
    def showing(self, name: str) -> Iterator[None]:
        """The same for anything else."""
        self._name = name
        if self._status is None:
            yield
            return
        self.watch("")
        with self._status:
            yield

    def watch(self, what: str) -> None:
        """One of the check's own words; from any thread."""
        if self._status:
            with self._lock:
                self._status.update(Text(f"{self._name}  {what}", style="dim"))
