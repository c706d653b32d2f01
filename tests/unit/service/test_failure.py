"""Exit codes of a service: launchd and systemd restart it only where that can help."""

from pathlib import Path

import pytest

from voicemate.core.errors import AudioError, SettingsError
from voicemate.core.paths import state_folder
from voicemate.service.failure import STAY_DOWN, last_failure, record_exit, running_as_service
from voicemate.service.interpreter import Interpreter
from voicemate.service.systemd import unit

WRONG = SettingsError("The settings are wrong", "Correct them")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("code", "seen"), [(0, 0), (3, 0), (4, 0), (5, 0), (8, 0), (2, 0), (6, 6), (1, 1), (130, 130)]
)
def test_launchd_gets_zero_for_a_failure_that_a_person_must_fix(code: int, seen: int) -> None:
    assert record_exit("launchd", code, None) == seen


def test_systemd_gets_the_code_and_does_not_restart_after_some() -> None:
    assert record_exit("systemd", 3, WRONG) == 3
    text = unit.render(Interpreter("/p", "3.12", "", {}, "1")).decode()
    assert f"RestartPreventExitStatus={' '.join(str(code) for code in sorted(STAY_DOWN))}\n" in text


def test_the_last_failure_is_kept_until_a_normal_end() -> None:
    record_exit("launchd", 3, WRONG)
    failure = last_failure()
    assert failure
    assert (failure.message, failure.hint, failure.exit_code) == (WRONG.message, WRONG.hint, 3)
    assert (state_folder() / "service-failure.json").stat().st_mode & 0o077 == 0
    record_exit("launchd", 0, None)
    assert last_failure() is None


def test_outside_a_service_the_code_is_kept_and_nothing_saved() -> None:
    assert record_exit("", 3, WRONG) == 3
    assert not state_folder().exists()


def test_an_unwritable_home_does_not_change_the_code(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    assert record_exit("launchd", 6, AudioError("no microphone")) == 6
    assert last_failure() is None


def test_child_processes_are_not_the_service() -> None:
    environ = {"VOICEMATE_SERVICE": "launchd"}
    assert running_as_service(environ) == "launchd"
    assert running_as_service(environ) == ""
