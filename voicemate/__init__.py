"""voicemate: talk, hands-free, to a character of your own on your own machine."""

import os
import sys

__version__ = "0.1.0"

# ggml's threads wait for each other after every operation. On Linux GNU OpenMP lets them spin for milliseconds; with
# as many threads as cores, one other busy process then stalls every layer of every model. Some microseconds are
# enough (docs/measurements/language-model.md). libgomp reads this when it is loaded, so it is set before any engine
# is imported. A policy that is set already is kept.
if "OMP_WAIT_POLICY" not in os.environ and sys.platform == "linux":
    os.environ["OMP_WAIT_POLICY"] = "active"
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")

# onnxruntime sends usage data to its maker from the moment it is imported, and so may others. The process of a
# conversation could not reach them anyway (docs/guide/offline.md); this covers every other process.
os.environ.update({"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"})
