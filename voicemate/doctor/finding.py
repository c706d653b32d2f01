"""What a check finds: plain data, with the way out in it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from voicemate.core.errors import VoicemateError


class Severity(StrEnum):
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
class CreateFolders:
    """Make these private folders."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class RestrictPermissions:
    """Take everybody else's rights from these files and folders."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ReinstallService:
    """Install the login service again, from where voicemate is now."""


Fix = PullModels | RemoveSocket | CreateFolders | RestrictPermissions | ReinstallService
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

    severity: Severity
    message: str
    hint: str = ""
    fix: Fix | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def format_command(*words: str | Path) -> str:
    """A command line in backticks, quoted so that it can be typed as it stands."""
    return f"`{shlex.join(map(str, words))}`"


def ok(message: str, *, fix: Fix | None = None, **facts: Any) -> Finding:
    """All is well, and this is how it is."""
    return Finding(Severity.OK, message, "", fix, facts)


def warning(message: str, hint: str = "", *, fix: Fix | None = None, **facts: Any) -> Finding:
    return Finding(Severity.WARNING, message, hint, fix, facts)


def problem(message: str, hint: str = "", *, fix: Fix | None = None, **facts: Any) -> Finding:
    return Finding(Severity.PROBLEM, message, hint, fix, facts)


def from_error(error: VoicemateError, *, fix: Fix | None = None) -> Finding:
    """The problem that ``error`` tells of."""
    return problem(error.message, error.hint, fix=fix)
