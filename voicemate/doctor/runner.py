"""All checks in order: what needs no sound first, then offline, and only then the microphone."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from voicemate.core.errors import VoicemateError
from voicemate.doctor.check import Check, CheckContext, run_check
from voicemate.doctor.finding import Finding, Fix, Severity
from voicemate.doctor.fix import apply_fix

CheckProgressContext = Callable[[Check], AbstractContextManager[None]]
"""Shows that a check is under way while the body runs."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of a check, after what was mended.

    Attributes:
        done: what was mended, and what could not be, one line each.
    """

    check: Check
    findings: tuple[Finding, ...]
    fixed: tuple[str, ...] = ()


@dataclass(slots=True)
class DoctorReport:
    """All that was found."""

    results: list[CheckResult] = field(default_factory=list)

    def count(self, level: Severity) -> int:
        return sum(finding.severity is level for one in self.results for finding in one.findings)

    @property
    def passed(self) -> bool:
        """There is no problem; there may be warnings."""
        return self.count(Severity.PROBLEM) == 0

    @property
    def fixable(self) -> int:
        """How many findings that are not well ``--fix`` could mend."""
        findings = [finding for one in self.results for finding in one.findings]
        return sum(finding.fix is not None and finding.severity is not Severity.OK for finding in findings)


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
    """Carry out ``checks`` one after the other, on the main thread.

    Args:
        fix: mend what may be mended, and look again.
        busy: shows that a check is under way.
        show: shows what came of a check, as soon as it is known.
        tell: shows one line about what is being mended.
    """
    examination = DoctorReport()
    for check in checks:
        with progress(check):
            findings = tuple(run_check(check, context))
        done: list[str] = []
        mends = list(dict.fromkeys(finding.fix for finding in findings if finding.fix)) if fix else []
        for one in mends:
            try:
                done.append(apply_fix(one, on_message))
            except VoicemateError as error:
                done.append(f"could not be mended: {error.message}")
        if mends:
            with progress(check):
                findings = tuple(run_check(check, context))
        if findings:
            looked = CheckResult(check, findings, tuple(done))
            examination.results.append(looked)
            on_result(looked)
    return examination
