"""Runs the checks in order, and applies fixes."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from voicemate.core.errors import VoicemateError
from voicemate.doctor.check import Check, CheckContext, run_check
from voicemate.doctor.finding import Finding, Fix, Severity
from voicemate.doctor.fix import apply_fix

CheckProgressContext = Callable[[Check], AbstractContextManager[None]]
"""Shows that a check is running during the ``with`` block."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings of a check, after any fixes.

    Attributes:
        check: the check.
        findings: at least one.
        fixed: one line for each fix, whether it worked or failed.
    """

    check: Check
    findings: tuple[Finding, ...]
    fixed: tuple[str, ...] = ()


@dataclass(slots=True)
class DoctorReport:
    """The results of all checks."""

    results: list[CheckResult] = field(default_factory=list[CheckResult])

    def count(self, severity: Severity) -> int:
        """Count the findings of ``severity``."""
        return sum(finding.severity is severity for finding in self._findings())

    @property
    def passed(self) -> bool:
        """There is no problem; there may be warnings."""
        return self.count(Severity.PROBLEM) == 0

    @property
    def fixable(self) -> int:
        """How many warnings and problems ``--fix`` could fix."""
        return sum(finding.fix is not None and finding.severity is not Severity.OK for finding in self._findings())

    def _findings(self) -> list[Finding]:
        return [finding for result in self.results for finding in result.findings]


def run_checks(
    checks: Sequence[Check],
    context: CheckContext,
    *,
    fix: bool,
    progress: CheckProgressContext,
    on_result: Callable[[CheckResult], None],
    on_message: Callable[[str], None],
    apply_fix: Callable[[Fix, Callable[[str], None]], str] = apply_fix,
) -> DoctorReport:
    """Run ``checks`` one after the other. Called on the main thread.

    Args:
        checks: what to run.
        context: passed to each check.
        fix: apply the fixes of each check, then run it again.
        progress: shows that a check is running.
        on_result: receives the result of each check as soon as it is known.
        on_message: receives one line for each step of a fix.
        apply_fix: applies a fix.
    """
    report = DoctorReport()
    for check in checks:
        with progress(check):
            findings = tuple(run_check(check, context))
        fixed: list[str] = []
        fixes = list(dict.fromkeys(finding.fix for finding in findings if finding.fix)) if fix else []
        for each in fixes:
            try:
                fixed.append(apply_fix(each, on_message))
            except VoicemateError as error:
                fixed.append(f"could not be fixed: {error.message}")
        if fixes:
            with progress(check):
                findings = tuple(run_check(check, context))
        if findings:
            result = CheckResult(check, findings, tuple(fixed))
            report.results.append(result)
            on_result(result)
    return report
