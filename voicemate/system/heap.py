"""What is free in this process's memory, or needed no more, goes back to the system, so that hours of conversation
cost what minutes do.

Only glibc has to be told; with another C library Python's own garbage is all that is looked after.
"""

import contextlib
import ctypes
import gc

from voicemate.system import file_pages

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""``M_TRIM_THRESHOLD`` and ``M_MMAP_THRESHOLD`` of ``malloc.h``."""

_LARGE = 256 * 1024
"""Bytes from which a block is the system's, and goes back as soon as it is freed: buffers of sound, whisper's
scratch memory."""


def release_large_blocks_on_free() -> None:
    """From now on large blocks go back when they are freed.

    glibc would raise its own limit to the largest block that was ever freed (32 MB at most), and so keep the holes of
    the first turn for good: 10 MB with tiny.en.
    """
    libc = _libc()
    with contextlib.suppress(AttributeError):
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_TRIM_THRESHOLD, _LARGE)


def release_memory() -> None:
    """What imports and loading have left goes back now: what is free, and the libraries' pages.

    What is there from now on is taken for lasting: Python looks for garbage in circles once there are a quarter as
    many new objects as lasting ones, and with the hundred thousands of the libraries among these, the sound of half
    an hour's cancelled work had to wait for that.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.collect()  # counts the lasting ones anew
    with contextlib.suppress(AttributeError):
        _libc().malloc_trim(0)
    file_pages.evict_libraries()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
