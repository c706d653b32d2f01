"""A check that fails, hangs or cannot be loaded does not affect the others."""

import builtins
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from voicemate.config.schema import Settings
from voicemate.core.errors import ModelError, VoicemateError
from voicemate.doctor.check import Check, CheckContext, has_abandoned_checks, run_check
from voicemate.doctor.finding import CreateFolders, Finding, Fix, Severity, ok, problem, warning
from voicemate.doctor.registry import all_checks
from voicemate.doctor.runner import CheckResult, DoctorReport, run_checks

CONTEXT = CheckContext(Settings(), "linux")


def check(run: Callable[[CheckContext], Sequence[Finding]], timeout_s: float = 20.0) -> Check:
    return Check("Group", "name", run, timeout_s)


def broken(context: CheckContext) -> Sequence[Finding]:
    raise ZeroDivisionError("division\nby zero")


def refused(context: CheckContext) -> Sequence[Finding]:
    raise ModelError("The model is not here", "Pull it")


def exiting(context: CheckContext) -> Sequence[Finding]:
    raise SystemExit(3)


def unable(context: CheckContext) -> Sequence[Finding]:
    raise ImportError("No module named 'numpy'")


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (broken, "This check crashed: ZeroDivisionError (division by zero)"),
        (unable, "A package that this check needs cannot be loaded (No module named 'numpy')"),
        (refused, "The model is not here"),
    ],
)
@pytest.mark.parametrize("main_thread", [False, True])
def test_an_exception_in_a_check_becomes_a_finding(
    run: Callable[[CheckContext], Sequence[Finding]], message: str, main_thread: bool
) -> None:
    (found,) = run_check(Check("Group", "name", run, main_thread=main_thread), CONTEXT)
    assert (found.severity, found.message) == (Severity.PROBLEM, message)


def test_a_check_cannot_exit_the_program() -> None:
    (found,) = run_check(check(exiting), CONTEXT)
    assert found.message == "This check crashed: RuntimeError (it tried to exit the program: SystemExit(3))"


def test_a_check_that_hangs_is_abandoned() -> None:
    finish = threading.Event()

    def hang(context: CheckContext) -> Sequence[Finding]:
        finish.wait(60)
        return [ok("late")]

    (found,) = run_check(check(hang, timeout_s=0.05), CONTEXT)
    assert found.severity is Severity.PROBLEM
    assert "did not finish" in found.message
    assert has_abandoned_checks()
    finish.set()


class FixRecorder:
    """Runs checks, and records the results and the fixes."""

    def __init__(self, make_fix: Callable[[Fix], str] = lambda fix: f"did {fix}"):
        self.results: list[CheckResult] = []
        self.applied: list[Fix] = []
        self._fix = make_fix

    def run(self, *checks: Check, fix: bool = False) -> DoctorReport:
        return run_checks(
            checks,
            CONTEXT,
            fix=fix,
            progress=self._progress,
            on_result=self.results.append,
            on_message=print,
            apply_fix=self._apply,
        )

    def _apply(self, fix: Fix, on_progress: Callable[[str], None]) -> str:
        self.applied.append(fix)
        return self._fix(fix)

    @contextmanager
    def _progress(self, check: Check) -> Iterator[None]:
        yield


def test_findings_are_reported_and_counted() -> None:
    recorder = FixRecorder()
    found = recorder.run(check(broken), check(lambda context: [ok("fine"), warning("hm")]), check(lambda context: []))
    assert [len(one.findings) for one in recorder.results] == [1, 2], "a check without findings has no result"
    assert [found.count(level) for level in Severity] == [1, 1, 1]
    assert not found.passed
    assert recorder.run(check(lambda context: [warning("hm")])).passed


def test_nothing_is_fixed_without_the_option() -> None:
    recorder = FixRecorder()
    fix = CreateFolders((Path("/x"),))
    found = recorder.run(check(lambda context: [problem("gone", "make it", fix=fix)]))
    assert recorder.applied == []
    assert found.fixable == 1


def test_a_check_runs_again_after_a_fix() -> None:
    fix, there = CreateFolders((Path("/x"),)), False

    def make(fix: Fix) -> str:
        nonlocal there
        there = True
        return "made /x"

    recorder = FixRecorder(make)
    found = recorder.run(
        check(
            lambda context: [ok("there")] if there else [problem("gone", "", fix=fix), warning("also", "", fix=fix)]
        ),
        fix=True,
    )
    assert recorder.applied == [fix], "once, although two findings have it"
    assert recorder.results[0].fixed == ("made /x",)
    assert found.passed


def test_a_fix_that_fails_is_reported_and_the_other_checks_run() -> None:
    def fail(fix: Fix) -> str:
        raise VoicemateError("The disk is full")

    recorder = FixRecorder(fail)
    gone = check(lambda context: [problem("gone", "", fix=CreateFolders((Path("/x"),)))])
    found = recorder.run(gone, check(lambda context: [ok("fine")]), fix=True)
    assert recorder.results[0].fixed == ("could not be fixed: The disk is full",)
    assert not found.passed
    assert found.count(Severity.OK) == 1


@pytest.mark.parametrize("loopback", [False, True])
def test_the_process_goes_offline_before_the_microphone_is_opened(loopback: bool) -> None:
    checks = all_checks(loopback)
    names = [one.name for one in checks]
    assert len(set(names)) == len(names)
    assert names.index("models") < names.index("offline") < names.index("level")
    assert ("sentence" in names) == loopback


def test_a_check_that_cannot_be_imported_becomes_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith(("voicemate.doctor.checks.", "voicemate.doctor.loopback.")):
            raise ImportError(f"no {name}")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    found = FixRecorder().run(*all_checks(loopback=True))
    assert found.count(Severity.PROBLEM) == len(all_checks(loopback=True))
