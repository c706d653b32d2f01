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
_MAPS = Path("/proc/self/maps")
_DETAILS = Path("/proc/self/smaps")
"""The same mappings and what is in memory of each. The kernel counts pages for it: too slow for after each reply."""
_FIELDS = 6  # addresses, rights, offset, device, inode, path
_HEADER = re.compile(r"[0-9a-f]+-[0-9a-f]+ ")
_LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A part of a file in memory, which cannot be written to."""

    begin: int
    end: int
    path: str


def evict(path: Path) -> None:
    """Take the pages of ``path`` out of this process's memory, wherever it is mapped to be read. Any thread.

    Not of a library: see ``let_go_of_libraries``.
    """
    mapped, lines = str(path.resolve()), _read(_MAPS)
    _take_out(mapping for mapping in map(_mapping, lines) if mapping and mapping.path == mapped)


def evict_libraries() -> None:
    """The same for the code and the constants of all libraries. Most of what was touched while they were loaded
    (tables of symbols, what registers hundreds of operators) is never touched again. Any thread.

    Tables that were filled in while a library was loaded, and then closed to writing, stay: their pages differ from
    the file, and what is lost of them is lost.
    """
    _take_out(mapping for mapping in _as_in_the_file() if _LIBRARY.search(mapping.path))


def _take_out(mappings: Iterator[_Mapping]) -> None:
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for mapping in mappings:
        madvise(mapping.begin, mapping.end - mapping.begin, _DONT_NEED)


def _as_in_the_file() -> Iterator[_Mapping]:
    """Those of which no page differs from the file."""
    mapping = None
    for line in _read(_DETAILS):
        if _HEADER.match(line):
            mapping = _mapping(line)
        elif mapping and line.startswith("Anonymous:") and int(line.split()[1]) == 0:
            yield mapping


def _mapping(line: str) -> _Mapping | None:
    """What a line of ``_MAPS`` tells of, if that is of a file and cannot be written to."""
    fields = line.split(maxsplit=_FIELDS - 1)
    if len(fields) < _FIELDS or "w" in fields[1]:
        return None
    begin, end = (int(address, 16) for address in fields[0].split("-"))
    return _Mapping(begin, end, fields[-1])


def _read(table: Path) -> list[str]:
    return table.read_text().splitlines() if table.exists() else []
