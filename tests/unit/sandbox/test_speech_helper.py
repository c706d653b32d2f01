"""The speech helper process inherits the locks and still speaks."""

import json
import sys

import pytest

from tests.unit.sandbox.locked import run

HELPER = """
import json, sys
from pathlib import Path
from voicemate.core.worker_thread import Cancellation
from voicemate.tts.pyttsx3.worker_process import WorkerProcess

worker = WorkerProcess()
voices = worker.request({"do": "list"}, 30, Cancellation())["voices"]
status = Path(f"/proc/{worker.pid}/status").read_text()
worker.stop()
held = dict(line.split(":", 1) for line in status.splitlines())
json.dump({"voices": len(voices), "seccomp": held["Seccomp"].strip(), "rights": held["NoNewPrivs"].strip()},
          sys.stdout)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_speech_helper_inherits_the_filter_and_lists_its_voices() -> None:
    told = json.loads(run(HELPER))
    assert told["seccomp"] == "2"
    assert told["rights"] == "1"
    assert told["voices"] > 0
