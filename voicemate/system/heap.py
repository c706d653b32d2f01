"""Returns free memory to the system, so that hours of conversation need no more than minutes.

The C library is controlled only where it is glibc; elsewhere only Python's garbage is collected.
"""

import contextlib
import ctypes
import gc

from voicemate.system import file_pages

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""``M_TRIM_THRESHOLD`` and ``M_MMAP_THRESHOLD`` of ``malloc.h``."""

_LARGE = 256 * 1024
"""Bytes from which a block is mapped separately, and returned as soon as it is freed: audio, whisper's scratch."""


def release_large_blocks_on_free() -> None:
    """Have large blocks returned to the system when they are freed.

    glibc would otherwise raise its limit to the largest freed block. See docs/measurements/endurance.md.
    """
    libc = _libc()
    with contextlib.suppress(AttributeError):
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_TRIM_THRESHOLD, _LARGE)


def release_memory() -> None:
    """Return what imports and loading left behind: free memory, and the libraries' pages.

    Existing objects are frozen: Python collects cycles once there are a quarter as many new objects as old ones, and
    the hundreds of thousands of library objects would delay that, and the audio of cancelled work with it.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.collect()  # counts the frozen ones anew
    with contextlib.suppress(AttributeError):
        _libc().malloc_trim(0)
    file_pages.evict_libraries()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
