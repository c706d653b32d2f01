"""Evicts pages of mapped files from this process's memory.

A page that is used again is read from the file, mostly from the system's cache within a microsecond. Linux only;
elsewhere nothing happens.
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DONT_NEED = 4  # MADV_DONTNEED
_MAPS = Path("/proc/self/maps")
_DETAILS = Path("/proc/self/smaps")
"""The same mappings with their resident pages. The kernel counts pages for it: too slow after each reply."""
_FIELDS = 6  # addresses, rights, offset, device, inode, path
_HEADER = re.compile(r"[0-9a-f]+-[0-9a-f]+ ")
_LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A read-only mapping of a file."""

    begin: int
    end: int
    path: str


def evict(path: Path) -> None:
    """Evict the pages of ``path`` wherever it is mapped read-only. Any thread.

    Not for libraries: see ``evict_libraries``.
    """
    mapped, lines = str(path.resolve()), _read(_MAPS)
    _evict_mappings(mapping for mapping in map(_mapping, lines) if mapping and mapping.path == mapped)


def evict_libraries() -> None:
    """Evict the code and constants of all libraries. Any thread.

    Most pages used during loading (symbol tables, registration of operators) are never used again. Tables that were
    relocated during loading and then made read-only stay: their pages differ from the file and cannot be read back.
    """
    _evict_mappings(mapping for mapping in _unmodified_mappings() if _LIBRARY.search(mapping.path))


def _evict_mappings(mappings: Iterator[_Mapping]) -> None:
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for mapping in mappings:
        madvise(mapping.begin, mapping.end - mapping.begin, _DONT_NEED)


def _unmodified_mappings() -> Iterator[_Mapping]:
    """Yield the mappings of which no page differs from the file."""
    mapping = None
    for line in _read(_DETAILS):
        if _HEADER.match(line):
            mapping = _mapping(line)
        elif mapping and line.startswith("Anonymous:") and int(line.split()[1]) == 0:
            yield mapping


def _mapping(line: str) -> _Mapping | None:
    """Parse a line of ``_MAPS``; None unless it is a read-only mapping of a file."""
    fields = line.split(maxsplit=_FIELDS - 1)
    if len(fields) < _FIELDS or "w" in fields[1]:
        return None
    begin, end = (int(address, 16) for address in fields[0].split("-"))
    return _Mapping(begin, end, fields[-1])


def _read(table: Path) -> list[str]:
    return table.read_text().splitlines() if table.exists() else []
