import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.models


def test_whisper_prints_nothing_and_ends_quietly_even_when_it_is_not_closed(whisper_tiny: Path):
    program = (
        "import asyncio, numpy as np, sys; from pathlib import Path; from voicemate.stt.whisper import Whisper;"
        "whisper = Whisper(Path(sys.argv[1]), threads=1);"
        "asyncio.run(whisper.transcribe(np.zeros(16000, dtype=np.float32)))"
    )
    done = subprocess.run([sys.executable, "-c", program, whisper_tiny], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
