"""Writes result files, whole or row by row. New results replace old ones; with rows, a stopped run loses little."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine

RESULTS = Path(__file__).parent / "results"
PICTURES = Path(__file__).parent.parent / "docs" / "measurements" / "images"


def keep(name: str, command: str, **found: Any) -> None:
    """Write a whole result file: what ``command`` has ``found``."""
    RESULTS.mkdir(exist_ok=True)
    result = {"command": command, "machine": machine.description(), **found}
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def spread(values: Sequence[float], digits: int = 0) -> dict[str, float] | None:
    """Return the count, least, median, p90 and most of ``values``, rounded; None without any."""
    if not values:
        return None
    found = {
        "least": min(values),
        "median": float(np.median(values)),
        "p90": float(np.percentile(values, 90)),
        "most": max(values),
    }
    return {"count": len(values), **{name: round(value, digits or None) for name, value in found.items()}}


@dataclass
class Kept:
    """The rows of a result file.

    Args:
        path: the file; its rows are kept.
        key: the fields that identify a row.
    """

    path: Path
    key: Sequence[str]

    def __post_init__(self) -> None:
        self.rows: list[dict[str, Any]] = json.loads(self.path.read_text())["rows"] if self.path.is_file() else []

    def put(self, row: Any) -> None:
        """Add a dataclass as a row, or replace the row with the same key, and write the file."""
        new = {**asdict(row), "command": asked_for()}
        same = [place for place, old in enumerate(self.rows) if all(old[name] == new[name] for name in self.key)]
        if same:
            self.rows[same[0]] = new
        else:
            self.rows.append(new)
        written = {"machine": machine.description(), "rows": self.rows}
        self.path.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def asked_for() -> str:
    """Return the command line, relative to the project's folder."""
    return " ".join(sys.argv).replace(f"{Path(__file__).parents[1]}/", "")
