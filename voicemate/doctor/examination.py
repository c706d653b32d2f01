"""All checks in order: what needs no sound first, then offline, and only then the microphone."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from voicemate.doctor.check import Check, Ground, examine
from voicemate.doctor.finding import Finding, Level, Mend
from voicemate.doctor.mending import carry_out
from voicemate.errors import VoicemateError

Busy = Callable[[Check], AbstractContextManager[None]]
"""Shows that a check is under way while the body runs."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a check, after what was mended.

    Attributes:
        done: what was mended, and what could not be, one line each.
    """

    check: Check
    findings: tuple[Finding, ...]
    done: tuple[str, ...] = ()


@dataclass(slots=True)
class Examination:
    """All that was found."""

    looked: list[Looked] = field(default_factory=list)

    def count(self, level: Level) -> int:
        return sum(finding.level is level for one in self.looked for finding in one.findings)

    @property
    def well(self) -> bool:
        """There is no problem; there may be warnings."""
        return self.count(Level.PROBLEM) == 0

    @property
    def mendable(self) -> int:
        """How many findings that are not well ``--fix`` could mend."""
        findings = [finding for one in self.looked for finding in one.findings]
        return sum(finding.mend is not None and finding.level is not Level.OK for finding in findings)


def look_at_all(
    checks: Sequence[Check],
    ground: Ground,
    *,
    fix: bool,
    busy: Busy,
    show: Callable[[Looked], None],
    tell: Callable[[str], None],
    mend: Callable[[Mend, Callable[[str], None]], str] = carry_out,
) -> Examination:
    """Carry out ``checks`` one after the other, on the main thread.

    Args:
        fix: mend what may be mended, and look again.
        busy: shows that a check is under way.
        show: shows what came of a check, as soon as it is known.
        tell: shows one line about what is being mended.
    """
    examination = Examination()
    for check in checks:
        with busy(check):
            findings = tuple(examine(check, ground))
        done: list[str] = []
        mends = list(dict.fromkeys(finding.mend for finding in findings if finding.mend)) if fix else []
        for one in mends:
            try:
                done.append(mend(one, tell))
            except VoicemateError as error:
                done.append(f"could not be mended: {error.wrong}")
        if mends:
            with busy(check):
                findings = tuple(examine(check, ground))
        if findings:
            looked = Looked(check, findings, tuple(done))
            examination.looked.append(looked)
            show(looked)
    return examination
