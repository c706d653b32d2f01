"""Estimates the memory of a model, the memory of this machine, and whether it is fast enough for a conversation.

All figures are estimates, on the safe side.
"""

import importlib
import os
import sys
from enum import StrEnum
from pathlib import Path

from voicemate.models.catalog import CatalogModel, ModelRole
from voicemate.models.gguf import GgufHeader
from voicemate.models.storage import GB, MB

_CONTEXT = 2048
"""Tokens of context unless the settings say otherwise (``llm.context``)."""
_SMALL, _SMALL_CONTEXT = 500 * MB, 1536
"""Bytes of a small model's file, and its tokens of context: it makes no use of a long history."""

_BATCH = 128
"""Tokens in one prefill batch (``llm.batch``)."""

_MIN_SCRATCH_BYTES = 300 * MB
"""Least scratch memory of llama.cpp, at any batch size."""

_MARGIN = 1.1

_OVERHEAD_BYTES = 500 * MB
"""Python, audio, onnxruntime and the speech worker beside the models."""

_MIN_TOKENS_PER_S = 8
"""Tokens a second: twice the rate of speech (175 words a minute); the first clause takes about a second."""

_CORE_BANDWIDTH = 7 * GB
"""Bytes of weights a CPU core reads a second; see docs/measurements/language-model.md."""

_APPLE_BANDWIDTH = 60 * GB
"""The same for the slowest Apple silicon (68 GB/s of memory bandwidth) through Metal."""


class Fit(StrEnum):
    """Whether a model suits this machine."""

    GOOD = "fits"
    SLOW = "fits, but too slow for a talk here"
    TOO_LARGE = "needs more memory"


def context_tokens(size: int, asked: int = 0) -> int:
    """Return the tokens of context of a language model with a file of ``size`` bytes.

    They are those ``asked`` for in the settings, or for 0 the default of its size.
    """
    return asked or (_SMALL_CONTEXT if size < _SMALL else _CONTEXT)


def required_bytes(model: CatalogModel, context: int = 0) -> int:
    """Return the bytes of memory that ``model`` takes in use; ``context`` is as in ``context_tokens``."""
    if model.role is ModelRole.LLM:
        return _llm_required_bytes(model.size, model.kv_bytes * context_tokens(model.size, context), 0)
    if model.role is ModelRole.STT:
        return whisper_required_bytes(model.size)
    return 2 * model.size


def gguf_required_bytes(header: GgufHeader, size: int, context: int = 0) -> int:
    """Return the bytes of memory that the GGUF model with ``header`` and a file of ``size`` bytes takes.

    Keys and values are float16; llama.cpp keeps them for the whole context in every layer, also with sliding
    windows. ``context`` is as in ``context_tokens``.
    """
    kv_bytes = 2 * sum(header.kv_heads) * (header.key_width + header.value_width)
    scratch = 4 * _BATCH * (header.vocabulary + 2 * header.feed_forward)
    return _llm_required_bytes(size, kv_bytes * context_tokens(size, context), scratch)


def whisper_required_bytes(size: int) -> int:
    """Return the bytes of memory that a whisper model with a file of ``size`` bytes takes."""
    return round(_MARGIN * (1.4 * size + 150 * MB))


def _llm_required_bytes(size: int, kv: int, scratch: int) -> int:
    return round(_MARGIN * (size + kv + max(_MIN_SCRATCH_BYTES, scratch)))


def fit(model: CatalogModel, memory: int, speed: float, context: int = 0) -> Fit:
    """Return whether ``model`` suits a machine with ``memory`` bytes that reads ``speed`` bytes of weights a second.

    Decoding a token reads all its active weights once, which limits the speed.
    """
    if required_bytes(model, context) > memory:
        return Fit.TOO_LARGE
    if model.role is ModelRole.LLM:
        share = model.active_parameters / model.parameters if model.active_parameters else 1.0
        if speed / (model.size * share) < _MIN_TOKENS_PER_S:
            return Fit.SLOW
    return Fit.GOOD


def available_bytes() -> int:
    """Return the bytes of memory that models can use on this machine now."""
    memory = _apple_available_bytes() if sys.platform == "darwin" else _linux_available_bytes()
    return max(0, memory - _OVERHEAD_BYTES)


def total_bytes(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes of memory of this machine, or of its container if that is less."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(memory, int((group / "memory.max").read_text()))
    except (OSError, ValueError):  # no control group, or "max": no limit
        return memory


def weight_bandwidth() -> float:
    """Return roughly how many bytes of weights this machine reads a second."""
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return _APPLE_BANDWIDTH
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, cores) * _CORE_BANDWIDTH


def _linux_available_bytes(proc: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the memory available by the kernel, or the rest of the container's limit if that is less."""
    available = next(
        (int(line.split()[1]) * 1024 for line in proc.read_text().splitlines() if line.startswith("MemAvailable:")), 0
    )
    try:
        left = int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no control group, or "max": no limit
        return available
    return min(available, left)


def _apple_available_bytes() -> int:
    """Return 0.9 of Metal's working set, or all memory but 5 GB if that is less.

    Metal's own figure reflects ``iogpu.wired_limit_mb``; without it, two thirds of the memory is what the smallest
    Macs give.
    """
    memory = total_bytes()
    try:
        resident = importlib.import_module("Metal").MTLCreateSystemDefaultDevice().recommendedMaxWorkingSetSize()
    except (ImportError, AttributeError):
        resident = memory * 2 // 3
    return max(0, min(resident * 9 // 10, memory - 5 * GB))
