import os
import subprocess
import sys
from pathlib import Path

import pytest

from voicemate.config.schema import LlmSettings
from voicemate.core.errors import ModelError
from voicemate.llm.llama.llama import Llama

pytestmark = pytest.mark.models
SETTINGS = LlmSettings(threads=1, context=512)


async def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match=r"gone\.gguf cannot be read: No such file.*voicemate models pull"):
        await Llama.load(tmp_path / "gone.gguf", SETTINGS)


async def test_a_file_that_is_no_gguf_is_named(tmp_path: Path):
    path = tmp_path / "notes.gguf"
    path.write_text("Dear diary")
    with pytest.raises(ModelError, match=r"notes\.gguf is not a GGUF file"):
        await Llama.load(path, SETTINGS)


@pytest.mark.parametrize("length", [4, 100, 1_000_000, 50_000_000])
async def test_a_truncated_file_is_refused(tmp_path: Path, smollm2: Path, length: int, capfd):
    path = tmp_path / "half.gguf"
    with smollm2.open("rb") as whole:
        path.write_bytes(whole.read(length))
    with pytest.raises(ModelError, match=r"half\.gguf is damaged or of an unknown kind: .*Fetch it again"):
        await Llama.load(path, SETTINGS)
    assert capfd.readouterr() == ("", "")


async def test_a_context_that_the_model_never_learned_is_refused(smollm2: Path):
    with pytest.raises(ModelError, match=r"context of 16384 tokens is more than this model knows \(8192\)"):
        await Llama.load(smollm2, LlmSettings(threads=1, context=16_384))


PROCESS = """
import asyncio, resource, sys
from pathlib import Path
from voicemate.config.schema import LlmSettings
from voicemate.personas.persona import Sampling
from voicemate.llm.llama.llama import Llama
from voicemate.llm.base import Message

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() if sys.platform == "linux" else 0

async def talk():
    before = resident()
    llama = await Llama.load(Path(sys.argv[1]), LlmSettings(threads=1))
    hello = [Message("user", "Hello.")]
    for seed in range(3):
        async for _ in llama.reply(hello * 40, Sampling(max_tokens=20), seed):
            pass
    print(resident() - before)
    llama.close()

asyncio.run(talk())
"""


def test_a_process_that_loads_talks_and_closes_exits_well_and_takes_little_memory(smollm2: Path):
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, str(smollm2)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) < smollm2.stat().st_size + 100e6
