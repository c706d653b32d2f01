"""How many threads the engines use."""

import os
import sys


def engine_threads(threads: int) -> int:
    """Return ``threads``, or for 0 the default: the usable cores, one less on macOS, 8 at most.

    ggml's workers wait for each other after every operation. On Linux they spin for some microseconds only
    (``voicemate/__init__.py`` sets that), so a busy neighbor costs its share of the cores and little more. On macOS
    ggml's own threads spin for long: with as many of them as cores, one other busy process stalls every layer.
    """
    return threads or max(1, min(8, usable_cores() - (sys.platform == "darwin")))


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
