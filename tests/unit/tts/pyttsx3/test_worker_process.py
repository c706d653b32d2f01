"""The helper process as the system sees it: its files, its signals, its end."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from voicemate.core.errors import SpeechError
from voicemate.core.worker_thread import Cancellation
from voicemate.tts.pyttsx3 import worker_process
from voicemate.tts.pyttsx3.worker_process import WorkerError, WorkerProcess
from voicemate.tts.pyttsx3.worker_protocol import RenderRequest

PATIENCE_S = 30


@pytest.fixture
def worker(phrase_folder):
    process = WorkerProcess("bad_driver")
    yield process
    process.stop()


def phrase(path: Path, text: str = "a phrase") -> RenderRequest:
    return {"do": "render", "text": text, "voice": "bad.anna", "rate": 175, "path": str(path)}


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def wait_for(condition) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_other_users_cannot_read_a_phrase(worker):
    path = worker.folder / "phrase.wav"
    assert worker.request(phrase(path), PATIENCE_S, Cancellation()) == {"rendered": True}
    assert (mode(worker.folder), mode(path)) == (0o700, 0o600)


def test_ctrl_c_leaves_the_helper_alone(worker):
    worker.start()
    pid = worker.pid
    os.kill(pid, signal.SIGINT)
    assert worker.request(phrase(worker.folder / "phrase.wav"), PATIENCE_S, Cancellation()) == {"rendered": True}
    assert worker.pid == pid
    assert os.getpgid(pid) != os.getpgid(0)  # so that a terminal does not even send it


def test_a_helper_that_was_killed_is_replaced(worker):
    worker.start()
    first = worker.pid
    os.kill(first, signal.SIGKILL)
    with pytest.raises(WorkerError, match="ended"):
        worker.request(phrase(worker.folder / "phrase.wav"), PATIENCE_S, Cancellation())
    worker.start()
    assert worker.pid != first


def test_where_no_folder_can_be_made_the_error_says_so(monkeypatch, phrase_folder):
    monkeypatch.setattr(tempfile, "tempdir", str(phrase_folder / "missing"))
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(worker_process, "_memory_folder", lambda: None)
    with pytest.raises(SpeechError, match="cannot be started"):
        WorkerProcess("bad_driver").start()


def test_stopping_removes_the_folder_and_may_be_done_twice(worker, phrase_folder):
    worker.start()
    pid = worker.pid
    worker.stop()
    worker.stop()
    assert not is_running(pid)
    assert list(phrase_folder.iterdir()) == []


@pytest.mark.parametrize("text", ["once well", "once hang"])
def test_when_the_parent_is_killed_no_helper_and_no_file_stays_behind(text, phrase_folder, marker):
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, text], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_for(marker.exists)
    assert is_running(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not is_running(pid))
    assert list(phrase_folder.iterdir()) == []


_PARENT = """
import sys, time
from voicemate.core.worker_thread import Cancellation
from voicemate.core.errors import SpeechError
from voicemate.tts.pyttsx3 import worker_process
from voicemate.tts.pyttsx3.worker_process import WorkerProcess

worker = WorkerProcess("bad_driver")
worker.start()
print(worker.pid, flush=True)
path = str(worker.folder / "phrase.wav")
phrase = {"do": "render", "text": sys.argv[1], "voice": "bad.anna", "rate": 175, "path": path}
worker.request(phrase, 60, Cancellation())
time.sleep(60)
"""
