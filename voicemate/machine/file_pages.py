"""Pages of mapped files that were read once and are needed no more.

They leave this process's memory; whatever is touched again comes back from the file, mostly out of the system's
cache within a microsecond. Linux only; elsewhere nothing happens.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DONT_NEED = 4  # MADV_DONTNEED
_MAPPINGS = Path("/proc/self/smaps")
_FIELDS = 6  # addresses, rights, offset, device, inode, path
_HEADER = re.compile(r"[0-9a-f]+-[0-9a-f]+ ")
_LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A part of a file in memory, which cannot be written to.

    Attributes:
        begin, end: addresses.
        path: of the file.
        own: whether pages of it differ from the file: a library's tables that were filled in while it was loaded, and
            then closed to writing. What is lost of these is lost.
    """

    begin: int
    end: int
    path: str
    own: bool


def let_go(path: Path) -> None:
    """Take the pages of ``path`` out of this process's memory, wherever it is mapped to be read. Any thread."""
    mapped = str(path.resolve())
    _take_out(mapping for mapping in _mappings() if mapping.path == mapped)


def let_go_of_libraries() -> None:
    """The same for the code and the constants of all libraries. Most of what was touched while they were loaded
    (tables of symbols, what registers hundreds of operators) is never touched again. Any thread."""
    _take_out(mapping for mapping in _mappings() if _LIBRARY.search(mapping.path))


def _take_out(mappings: Iterator[_Mapping]) -> None:
    advise = None
    for mapping in mappings:
        if mapping.own:
            continue
        advise = advise or _advise()
        advise(mapping.begin, mapping.end - mapping.begin, _DONT_NEED)


def _advise() -> "ctypes._NamedFuncPointer":
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return madvise


def _mappings() -> Iterator[_Mapping]:
    """Those of files that cannot be written to."""
    if not _MAPPINGS.exists():
        return
    header: list[str] = []
    for line in _MAPPINGS.read_text().splitlines():
        if _HEADER.match(line):
            header = line.split(maxsplit=_FIELDS - 1)
        elif line.startswith("Anonymous:") and len(header) == _FIELDS and "w" not in header[1]:
            begin, end = (int(address, 16) for address in header[0].split("-"))
            yield _Mapping(begin, end, header[-1], own=int(line.split()[1]) > 0)
