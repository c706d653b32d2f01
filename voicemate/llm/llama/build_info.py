"""llama.cpp as a library: its C functions, its messages, and what can be relied on in its build."""

import ctypes
import logging
import os
import re
import sys
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from voicemate.core.bare_import import import_without_package

if sys.platform == "darwin":
    # ggml's Metal backend otherwise wakes a thread 200 times a second for as long as the process lives, and
    # asserts that it has nothing left when the process exits.
    os.environ.setdefault("GGML_METAL_NO_RESIDENCY", "1")

C: Any = import_without_package("llama_cpp.llama_cpp")
"""llama.cpp's C functions. Imported after the variable above is set; Any, since the package's own hints take C
arrays for bytes."""

_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_SAFE_SWITCH = b"-fno-tree-dse"
"""The compiler's option, as ``-frecord-gcc-switches`` leaves it in the library."""

VERSION: str = version("llama-cpp-python")
"""The version of llama-cpp-python, and with it that of llama.cpp."""

_log = logging.getLogger("voicemate.llama")
_errors: list[str] = []  # the first one since the last look


@C.llama_log_callback
def _on_log(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """Takes what llama.cpp would print; called from any of its threads."""
    line = text.decode("utf-8", "replace").strip()
    if level == _ERROR and line and not _errors:
        _errors.append(line)
    if line:
        _log.debug("%s", line)


C.llama_backend_init()


class Amx(Enum):
    """What came of the CPU's matrix instructions in this build."""

    UNAVAILABLE = "not there"
    USABLE = "usable"
    UNSAFE = "perhaps broken by the compiler"


def capture_log() -> None:
    """Take llama.cpp's messages, and forget those of before. Before each load, since llama_cpp's own init takes them
    whenever it runs."""
    _errors.clear()
    C.llama_log_set(_on_log, ctypes.c_void_p())


def first_error() -> str:
    """What llama.cpp complained of first, since what follows says less and less; forgotten then."""
    first = _errors.pop() if _errors else "llama.cpp gives no reason"
    return re.sub(r"^\w+: (error loading model: )?", "", first)


def amx() -> Amx:
    """Whether this llama.cpp may multiply with AMX.

    gcc before 13.2.1 takes the instruction that loads the settings of the tiles for one that reads eight bytes of
    them, and leaves out what sets the others: the first product of two matrices ends the process. Told to leave no
    store out it does not, and a build that was told so records it (``scripts/setup.sh``).
    """
    if b"AMX_INT8 = 1" not in C.llama_print_system_info():
        return Amx.UNAVAILABLE
    kept = any(_SAFE_SWITCH in library.read_bytes() for library in Path(C.__file__).parent.glob("lib/libggml-cpu*"))
    return Amx.USABLE if kept else Amx.UNSAFE
