"""One check never ends another, whatever becomes of it, and none is waited for without an end."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from voicemate.config.schema import Settings
from voicemate.core.errors import ModelError, VoicemateError
from voicemate.doctor.check import Check, CheckContext, has_abandoned_checks, run_check
from voicemate.doctor.finding import CreateFolders, Finding, Fix, Severity, ok, problem, warning
from voicemate.doctor.registry import all_checks
from voicemate.doctor.runner import CheckResult, DoctorReport, run_checks

GROUND = CheckContext(Settings(), "linux")


def check(look: Callable[[CheckContext], Sequence[Finding]], patience_s: float = 20.0) -> Check:
    return Check("Group", "name", look, patience_s)


def broken(ground: CheckContext) -> Sequence[Finding]:
    raise ZeroDivisionError("division\nby zero")


def refused(ground: CheckContext) -> Sequence[Finding]:
    raise ModelError("The model is not here", "Pull it")


def quitting(ground: CheckContext) -> Sequence[Finding]:
    raise SystemExit(3)


def unable(ground: CheckContext) -> Sequence[Finding]:
    raise ImportError("No module named 'numpy'")


@pytest.mark.parametrize(
    ("look", "told"),
    [
        (broken, "This check broke: ZeroDivisionError (division by zero)"),
        (unable, "A package that this needs cannot be loaded (No module named 'numpy')"),
        (refused, "The model is not here"),
    ],
)
@pytest.mark.parametrize("main_thread", [False, True])
def test_a_check_that_breaks_is_a_finding(
    look: Callable[[CheckContext], Sequence[Finding]], told: str, main_thread: bool
) -> None:
    (found,) = run_check(Check("Group", "name", look, main_thread=main_thread), GROUND)
    assert (found.severity, found.message) == (Severity.PROBLEM, told)


def test_nor_can_a_check_end_the_program() -> None:
    (found,) = run_check(check(quitting), GROUND)
    assert found.message == "This check broke: RuntimeError (it wanted to end the program: SystemExit(3))"


def test_a_check_that_hangs_is_left_behind() -> None:
    over = threading.Event()

    def hang(ground: CheckContext) -> Sequence[Finding]:
        over.wait(60)
        return [ok("late")]

    (found,) = run_check(check(hang, patience_s=0.05), GROUND)
    assert found.severity is Severity.PROBLEM
    assert "did not come to an end" in found.message
    assert has_abandoned_checks()
    over.set()


class FixRecorder:
    """Looks at everything, and notes what was shown and done."""

    def __init__(self, mend: Callable[[Fix], str] = lambda mend: f"did {mend}"):
        self.shown: list[CheckResult] = []
        self.mended: list[Fix] = []
        self._mend = mend

    def run(self, *checks: Check, fix: bool = False) -> DoctorReport:
        return run_checks(
            checks,
            GROUND,
            fix=fix,
            progress=self._busy,
            on_result=self.shown.append,
            on_message=print,
            apply_fix=self._do,
        )

    def _do(self, mend: Fix, tell: Callable[[str], None]) -> str:
        self.mended.append(mend)
        return self._mend(mend)

    @contextmanager
    def _busy(self, check: Check) -> Iterator[None]:
        yield


def test_all_are_looked_at_and_counted() -> None:
    notes = FixRecorder()
    found = notes.run(check(broken), check(lambda ground: [ok("fine"), warning("hm")]), check(lambda ground: []))
    assert [len(one.findings) for one in notes.shown] == [1, 2], "where there is nothing to look at, nothing is shown"
    assert [found.count(level) for level in Severity] == [1, 1, 1]
    assert not found.passed
    assert notes.run(check(lambda ground: [warning("hm")])).passed


def test_nothing_is_mended_unasked() -> None:
    notes = FixRecorder()
    mend = CreateFolders((Path("/x"),))
    found = notes.run(check(lambda ground: [problem("gone", "make it", fix=mend)]))
    assert notes.mended == []
    assert found.fixable == 1


def test_what_was_mended_is_looked_at_again() -> None:
    mend, there = CreateFolders((Path("/x"),)), False

    def make(mend: Fix) -> str:
        nonlocal there
        there = True
        return "made /x"

    notes = FixRecorder(make)
    found = notes.run(
        check(
            lambda ground: [ok("there")] if there else [problem("gone", "", fix=mend), warning("also", "", fix=mend)]
        ),
        fix=True,
    )
    assert notes.mended == [mend], "once, though two findings ask for it"
    assert notes.shown[0].fixed == ("made /x",)
    assert found.passed


def test_a_mend_that_fails_is_told_and_the_rest_goes_on() -> None:
    def fail(mend: Fix) -> str:
        raise VoicemateError("The disk refused")

    notes = FixRecorder(fail)
    gone = check(lambda ground: [problem("gone", "", fix=CreateFolders((Path("/x"),)))])
    found = notes.run(gone, check(lambda ground: [ok("fine")]), fix=True)
    assert notes.shown[0].fixed == ("could not be mended: The disk refused",)
    assert not found.passed
    assert found.count(Severity.OK) == 1


@pytest.mark.parametrize("loop", [False, True])
def test_every_check_is_there_and_the_microphone_is_opened_offline_only(loop: bool) -> None:
    checks = all_checks(loop)
    names = [one.name for one in checks]
    assert len(set(names)) == len(names)
    assert names.index("models") < names.index("offline") < names.index("level")
    assert ("sentence" in names) == loop


def test_where_nothing_can_be_imported_each_check_says_so_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ImportError(f"no {name}")

    monkeypatch.setattr("voicemate.doctor.registry.import_module", refuse)
    found = FixRecorder().run(*all_checks(loopback=True))
    assert found.count(Severity.PROBLEM) == len(all_checks(loopback=True))
