import subprocess
import sys
from itertools import permutations

import pytest

pytestmark = pytest.mark.models


@pytest.mark.parametrize(
    "order", list(permutations(["llama_cpp", "pywhispercpp.model", "onnxruntime"])), ids=" ".join
)
def test_the_engines_can_be_loaded_in_any_order(order):
    """Whisper's and llama's wheels each carry a ggml of their own; with equal library names the second one fails."""
    lines = [f"import {module}" for module in order]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
