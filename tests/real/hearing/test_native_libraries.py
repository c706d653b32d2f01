import itertools
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real


@pytest.mark.parametrize("order", itertools.permutations(("pywhispercpp.model", "llama_cpp", "onnxruntime")))
def test_whisper_llama_and_onnxruntime_share_a_process_in_any_order(order: tuple[str, ...]):
    """Two of them carry a ggml of their own; other builds of either fail on its symbols."""
    program = ";".join(f"import {name}" for name in order)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_whisper_prints_nothing_and_ends_quietly_even_when_it_is_not_closed(whisper_tiny: Path):
    program = (
        "import asyncio, numpy as np, sys; from pathlib import Path; from voicemate.hearing.whisper import Whisper;"
        "whisper = Whisper(Path(sys.argv[1]), threads=1);"
        "asyncio.run(whisper.transcribe(np.zeros(16000, dtype=np.float32)))"
    )
    done = subprocess.run([sys.executable, "-c", program, whisper_tiny], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
