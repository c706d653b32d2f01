"""Pages of a mapped file that were read once and are needed no more."""

import ctypes
from pathlib import Path

_DONT_NEED = 4  # MADV_DONTNEED
_MAPS = Path("/proc/self/maps")
_FIELDS = 6  # addresses, rights, offset, device, inode, path


def let_go(path: Path) -> None:
    """Take the pages of ``path`` out of this process's memory, wherever it is mapped to be read: what is read again
    comes back from the file. Linux only; elsewhere nothing happens. Any thread."""
    if not _MAPS.exists():
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    mapped = str(path.resolve())
    for line in _MAPS.read_text().splitlines():
        addresses, rights, *others = line.split(maxsplit=_FIELDS - 1)
        if others[-1] == mapped and "w" not in rights:
            begin, end = (int(address, 16) for address in addresses.split("-"))
            madvise(begin, end - begin, _DONT_NEED)
