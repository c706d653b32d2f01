"""One check never ends another, whatever becomes of it, and none is waited for without an end."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from voicemate.config import Settings
from voicemate.doctor.check import Check, Ground, anything_left_behind, examine
from voicemate.doctor.examination import Examination, Looked, look_at_all
from voicemate.doctor.finding import Finding, Level, MakeFolders, Mend, ok, problem, warning
from voicemate.doctor.rounds import all_checks
from voicemate.errors import ModelError, VoicemateError

GROUND = Ground(Settings(), "linux")


def check(look: Callable[[Ground], Sequence[Finding]], patience_s: float = 20.0) -> Check:
    return Check("Group", "name", look, patience_s)


def broken(ground: Ground) -> Sequence[Finding]:
    raise ZeroDivisionError("division\nby zero")


def refused(ground: Ground) -> Sequence[Finding]:
    raise ModelError("The model is not here", "Pull it")


def quitting(ground: Ground) -> Sequence[Finding]:
    raise SystemExit(3)


def unable(ground: Ground) -> Sequence[Finding]:
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
    look: Callable[[Ground], Sequence[Finding]], told: str, main_thread: bool
) -> None:
    (found,) = examine(Check("Group", "name", look, main_thread=main_thread), GROUND)
    assert (found.level, found.told) == (Level.PROBLEM, told)


def test_nor_can_a_check_end_the_program() -> None:
    (found,) = examine(check(quitting), GROUND)
    assert found.told == "This check broke: RuntimeError (it wanted to end the program: SystemExit(3))"


def test_a_check_that_hangs_is_left_behind() -> None:
    over = threading.Event()

    def hang(ground: Ground) -> Sequence[Finding]:
        over.wait(60)
        return [ok("late")]

    (found,) = examine(check(hang, patience_s=0.05), GROUND)
    assert found.level is Level.PROBLEM
    assert "did not come to an end" in found.told
    assert anything_left_behind()
    over.set()


class Notes:
    """Looks at everything, and notes what was shown and done."""

    def __init__(self, mend: Callable[[Mend], str] = lambda mend: f"did {mend}"):
        self.shown: list[Looked] = []
        self.mended: list[Mend] = []
        self._mend = mend

    def look(self, *checks: Check, fix: bool = False) -> Examination:
        return look_at_all(
            checks, GROUND, fix=fix, busy=self._busy, show=self.shown.append, tell=print, mend=self._do
        )

    def _do(self, mend: Mend, tell: Callable[[str], None]) -> str:
        self.mended.append(mend)
        return self._mend(mend)

    @contextmanager
    def _busy(self, check: Check) -> Iterator[None]:
        yield


def test_all_are_looked_at_and_counted() -> None:
    notes = Notes()
    found = notes.look(check(broken), check(lambda ground: [ok("fine"), warning("hm")]), check(lambda ground: []))
    assert [len(one.findings) for one in notes.shown] == [1, 2], "where there is nothing to look at, nothing is shown"
    assert [found.count(level) for level in Level] == [1, 1, 1]
    assert not found.well
    assert notes.look(check(lambda ground: [warning("hm")])).well


def test_nothing_is_mended_unasked() -> None:
    notes = Notes()
    mend = MakeFolders((Path("/x"),))
    found = notes.look(check(lambda ground: [problem("gone", "make it", mend=mend)]))
    assert notes.mended == []
    assert found.mendable == 1


def test_what_was_mended_is_looked_at_again() -> None:
    mend, there = MakeFolders((Path("/x"),)), False

    def make(mend: Mend) -> str:
        nonlocal there
        there = True
        return "made /x"

    notes = Notes(make)
    found = notes.look(
        check(
            lambda ground: (
                [ok("there")] if there else [problem("gone", "", mend=mend), warning("also", "", mend=mend)]
            )
        ),
        fix=True,
    )
    assert notes.mended == [mend], "once, though two findings ask for it"
    assert notes.shown[0].done == ("made /x",)
    assert found.well


def test_a_mend_that_fails_is_told_and_the_rest_goes_on() -> None:
    def fail(mend: Mend) -> str:
        raise VoicemateError("The disk refused")

    notes = Notes(fail)
    gone = check(lambda ground: [problem("gone", "", mend=MakeFolders((Path("/x"),)))])
    found = notes.look(gone, check(lambda ground: [ok("fine")]), fix=True)
    assert notes.shown[0].done == ("could not be mended: The disk refused",)
    assert not found.well
    assert found.count(Level.OK) == 1


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

    monkeypatch.setattr("voicemate.doctor.rounds.import_module", refuse)
    found = Notes().look(*all_checks(loop=True))
    assert found.count(Level.PROBLEM) == len(all_checks(loop=True))
