"""What a check finds: plain data, with the way out in it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from voicemate.errors import VoicemateError


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # a conversation works, and something is not as it should be
    PROBLEM = "problem"  # something that was asked for does not work


@dataclass(frozen=True, slots=True)
class PullModels:
    """Fetch the models with these names from the catalog's sources."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveSocket:
    """Take away a control socket that a crash has left; ``inode`` tells it from one that came there since."""

    path: Path
    inode: int


@dataclass(frozen=True, slots=True)
class MakeFolders:
    """Make these private folders."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class MakePrivate:
    """Take everybody else's rights from these files and folders."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ReinstallService:
    """Install the login service again, from where voicemate is now."""


Mend = PullModels | RemoveSocket | MakeFolders | MakePrivate | ReinstallService
"""What ``voicemate doctor --fix`` may do: nothing that loses anything, and nothing that was not there before."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has found.

    Attributes:
        told: one sentence, without its full stop.
        fix: what to do about it, commands in backticks; empty when there is nothing to do.
        mend: what ``--fix`` does about it, if it may.
        facts: the same for scripts, as far as it is numbers and names.
    """

    level: Level
    told: str
    fix: str = ""
    mend: Mend | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def command(*words: str | Path) -> str:
    """A command line in backticks, quoted so that it can be typed as it stands."""
    return f"`{shlex.join(map(str, words))}`"


def ok(told: str, *, mend: Mend | None = None, **facts: Any) -> Finding:
    """All is well, and this is how it is."""
    return Finding(Level.OK, told, "", mend, facts)


def warning(told: str, fix: str = "", *, mend: Mend | None = None, **facts: Any) -> Finding:
    return Finding(Level.WARNING, told, fix, mend, facts)


def problem(told: str, fix: str = "", *, mend: Mend | None = None, **facts: Any) -> Finding:
    return Finding(Level.PROBLEM, told, fix, mend, facts)


def of_error(error: VoicemateError, *, mend: Mend | None = None) -> Finding:
    """The problem that ``error`` tells of."""
    return problem(error.wrong, error.remedy, mend=mend)
