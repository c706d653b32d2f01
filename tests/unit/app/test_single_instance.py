"""A second conversation beside the first."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from voicemate.app.single_instance import single_instance
from voicemate.core.errors import AlreadyRunningError, VoicemateError

HOLD = """
import sys
from pathlib import Path
from voicemate.app.single_instance import single_instance
with single_instance(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "state" / "voicemate.lock"


@pytest.fixture
def holder(lock: Path):
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_is_told_who_the_first_is_and_what_to_do(lock: Path, holder: subprocess.Popen[str]):
    with pytest.raises(AlreadyRunningError) as refused, single_instance(lock):
        pass
    assert f"process {holder.pid}" in str(refused.value)
    assert f"`kill {holder.pid}`" in refused.value.hint


def test_a_crash_leaves_no_lock_behind(lock: Path, holder: subprocess.Popen[str]):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert lock.read_text() == f"{holder.pid}\n"
    with single_instance(lock):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_the_next_conversation_may_begin_when_the_first_is_over(lock: Path, holder: subprocess.Popen[str]):
    holder.communicate("")
    assert lock.read_text() == ""
    for _ in range(2):
        with single_instance(lock):
            pass


def test_two_conversations_in_one_process_are_refused_too(lock: Path):
    with single_instance(lock), pytest.raises(AlreadyRunningError), single_instance(lock):
        pass


def test_an_error_in_the_conversation_frees_the_lock_and_is_not_hidden(lock: Path):
    with pytest.raises(ZeroDivisionError), single_instance(lock):
        raise ZeroDivisionError
    with single_instance(lock):
        pass


def test_a_helper_process_does_not_keep_the_lock(lock: Path):
    with single_instance(lock):
        helper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        with single_instance(lock):
            pass
    finally:
        helper.communicate(b"\n")


def test_a_first_whose_number_is_not_known_is_refused_all_the_same(lock: Path):
    with single_instance(lock):
        os.truncate(lock, 0)
        with (
            pytest.raises(AlreadyRunningError, match=r"running on this account\. Go on talking there\.$"),
            single_instance(lock),
        ):
            pass


def test_the_lock_is_private(lock: Path):
    with single_instance(lock):
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_an_error_with_a_way_out(lock: Path):
    lock.parent.touch()
    with (
        pytest.raises(VoicemateError, match=r"lock file .* cannot be opened: File exists\. Make it"),
        single_instance(lock),
    ):
        pass
