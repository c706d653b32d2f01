"""What a check finds: plain data that includes how to fix it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from voicemate.core.errors import VoicemateError


class Severity(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"  # a conversation works, but something is not as it should be
    PROBLEM = "problem"  # something that the user asked for does not work


@dataclass(frozen=True, slots=True)
class PullModels:
    """Download the catalog models with these names."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveSocket:
    """Remove the stale control socket of a crashed daemon; ``inode`` identifies it."""

    path: Path
    inode: int


@dataclass(frozen=True, slots=True)
class CreateFolders:
    """Create these private folders."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class RestrictPermissions:
    """Remove all permissions of other accounts from these files and folders."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ReinstallService:
    """Install the login service again, from voicemate's present location."""


Fix = PullModels | RemoveSocket | CreateFolders | RestrictPermissions | ReinstallService
"""What ``voicemate doctor --fix`` may do. None of these loses data or adds anything new."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    Attributes:
        severity: how serious it is.
        message: one sentence without its full stop.
        hint: how to fix it, with commands in backticks; empty if there is nothing to do.
        fix: what ``--fix`` does about it, if anything.
        facts: the numbers and names in the message, for scripts.
    """

    severity: Severity
    message: str
    hint: str = ""
    fix: Fix | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


def format_command(*words: str | Path) -> str:
    """Format a command line in backticks, quoted so that it can be pasted into a shell."""
    return f"`{shlex.join(map(str, words))}`"


def ok(message: str, *, fix: Fix | None = None, **facts: Any) -> Finding:
    """Make a finding that nothing is wrong."""
    return Finding(Severity.OK, message, "", fix, facts)


def warning(message: str, hint: str = "", *, fix: Fix | None = None, **facts: Any) -> Finding:
    """Make a finding that does not prevent a conversation."""
    return Finding(Severity.WARNING, message, hint, fix, facts)


def problem(message: str, hint: str = "", *, fix: Fix | None = None, **facts: Any) -> Finding:
    """Make a finding that something does not work."""
    return Finding(Severity.PROBLEM, message, hint, fix, facts)


def from_error(error: VoicemateError, *, fix: Fix | None = None) -> Finding:
    """Make a problem of ``error``."""
    return problem(error.message, error.hint, fix=fix)
