"""Where in a TOML text a key stands, so that a message can name the line. ``tomllib`` does not tell."""

import re
import tomllib
from collections.abc import Sequence

_TABLE = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


def line_of(text: str, location: Sequence[int | str]) -> int | None:
    """The line, from 1, on which the key at ``location`` is set or its table begins; None when neither is to be seen.

    Args:
        text: TOML that can be parsed. A line within a multi-line string that looks like a key may deceive it.
    """
    wanted = [part for part in location if isinstance(part, str)]
    table: list[str] = []
    best, depth = None, 0
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _TABLE.match(line), _KEY.match(line)
        if header:
            table = _parts(header[1])
            here = table
        elif key:
            here = [*table, *_parts(key[1])]
        else:
            continue
        if len(here) > depth and wanted[: len(here)] == here:
            best, depth = number, len(here)
    return best


def _parts(written: str) -> list[str]:
    """The keys of a dotted key, as TOML reads it."""
    try:
        found = tomllib.loads(f"{written} = 0")
    except tomllib.TOMLDecodeError:
        return []
    parts: list[str] = []
    while isinstance(found, dict):
        ((name, found),) = found.items()
        parts.append(name)
    return parts
