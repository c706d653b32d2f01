"""voicemate: talk, hands-free, to a character of your own on your own machine."""

import os

__version__ = "0.1.0"

# ggml's threads wait for each other after every operation. GNU OpenMP, which it uses on Linux, lets them spin; with
# as many threads as cores, one other busy process then holds up every layer of every model, and a reply takes
# seconds. Passive waiting ends that and costs next to nothing (docs/thinking.md has the figures). It is read when
# the library is loaded, so it has to be set before any engine is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
