"""Levels as a person reads them at a glance. Pure."""

from collections.abc import Sequence

FLOOR_DBFS, CEILING_DBFS = -80.0, -10.0
"""What is shown: from a silent room to a voice close by."""

_EIGHTHS = "▁▂▃▄▅▆▇█"
_WIDTH = 24


def sparkline(levels: Sequence[float]) -> str:
    """A character for each of ``levels`` (dBFS), the higher the louder."""
    return "".join(_EIGHTHS[round(_share(level) * (len(_EIGHTHS) - 1))] for level in levels)


def bar(level: float) -> str:
    """``level`` (dBFS) as a bar of a fixed width, with its number."""
    filled = round(_share(level) * _WIDTH)
    return f"{'█' * filled}{'·' * (_WIDTH - filled)} {level:4.0f} dBFS"


def _share(level: float) -> float:
    return min(1.0, max(0.0, (level - FLOOR_DBFS) / (CEILING_DBFS - FLOOR_DBFS)))
