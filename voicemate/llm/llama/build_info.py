"""The llama.cpp library: its C functions, its log, its version, and whether its AMX code works."""

import ctypes
import logging
import os
import re
import sys
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any, NewType, Protocol

from voicemate.core.bare_import import import_without_package

if sys.platform == "darwin":
    # Without it ggml's Metal backend wakes a thread 200 times a second for the life of the process, and aborts when
    # the process exits.
    os.environ.setdefault("GGML_METAL_NO_RESIDENCY", "1")

C: Any = import_without_package("llama_cpp.llama_cpp")
"""llama.cpp's C functions; imported after the variable above is set. The type is Any, since the hints of the package
are wrong about C arrays. Only the modules of this folder use it, behind typed methods."""

Pointer = NewType("Pointer", object)
"""An opaque pointer that a C function returned: a model, a context, a vocabulary, a sampler."""


class Batch(Protocol):
    """The part of ``llama_batch`` that is read here."""

    n_tokens: int


_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_SAFE_SWITCH = b"-fno-tree-dse"
"""The compiler switch, as ``-frecord-gcc-switches`` records it in the library."""

VERSION: str = version("llama-cpp-python")
"""The version of llama-cpp-python, and with it that of llama.cpp."""

_log = logging.getLogger("voicemate.llama")
_errors: list[str] = []  # at most one: the first since it was last read


@C.llama_log_callback
def _on_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """Log what llama.cpp would print; called from any of its threads."""
    line = text.decode("utf-8", "replace").strip()
    if level == _ERROR and line and not _errors:
        _errors.append(line)
    if line:
        _log.debug("%s", line)


C.llama_backend_init()


class Amx(Enum):
    """Whether this build can use the CPU's matrix instructions."""

    UNAVAILABLE = "not available"
    USABLE = "usable"
    UNSAFE = "may be miscompiled"


def capture_log() -> None:
    """Redirect llama.cpp's log to ``logging``, and clear ``first_error``.

    Called before each load, since the package llama_cpp redirects the log whenever its own init runs.
    """
    _errors.clear()
    C.llama_log_set(_on_log, ctypes.c_void_p())


def first_error() -> str:
    """Return llama.cpp's first error message, which says more than those that follow it, and clear it."""
    first = _errors.pop() if _errors else "llama.cpp gives no reason"
    return re.sub(r"^\w+: (error loading model: )?", "", first)


def amx() -> Amx:
    """Return whether this llama.cpp can multiply matrices with AMX.

    gcc before 13.2.1 drops stores to the AMX tile configuration, and the first matrix product then ends the process.
    A build with ``-fno-tree-dse`` keeps them, and records that switch (``scripts/setup.sh``).
    """
    if b"AMX_INT8 = 1" not in C.llama_print_system_info():
        return Amx.UNAVAILABLE
    safe = any(_SAFE_SWITCH in library.read_bytes() for library in Path(C.__file__).parent.glob("lib/libggml-cpu*"))
    return Amx.USABLE if safe else Amx.UNSAFE
