"""voicemate: talk, hands-free, to a character of your own on your own machine."""

import os
import sys

__version__ = "0.1.0"

# ggml's threads wait for each other after every operation. GNU OpenMP, which it uses on Linux, lets them spin for
# milliseconds; with as many threads as cores, one other busy process then holds up every layer of every model, and
# a reply takes seconds. To sleep at once costs a third of the speed, and so it does as soon as whisper's and llama's
# threads together are more than the cores: libgomp then spins a hundred turns only, or under the active policy a
# thousand. A thousand or two, some microseconds, outlast most of ggml's waits and harm nobody (docs/thinking.md has
# the figures). Read when the library is loaded, so it has to be set before any engine is imported; a policy that
# somebody has set counts.
if "OMP_WAIT_POLICY" not in os.environ and sys.platform == "linux":
    os.environ["OMP_WAIT_POLICY"] = "active"
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")

# onnxruntime sends usage data to its maker from the moment it is imported, and so may others, unless they are told
# not to. A conversation's process could not reach them anyway (docs/offline.md); this holds in every other process.
os.environ.update({"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"})
