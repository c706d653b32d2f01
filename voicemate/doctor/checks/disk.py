"""Room on the disks where things are kept."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from voicemate.core import paths
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, ok, problem, warning
from voicemate.models.sizes import MB, as_size

FULL_BYTES = 20 * MB
"""With less than this, a log, a history or a phrase that is being spoken may not fit at any moment."""

LOW_BYTES = 500 * MB
"""Less than this is soon gone."""

LOW_FILES = 100


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """One disk.

    Attributes:
        uses: what is kept there.
        path: one of the folders.
        free: bytes that this account may still write.
        files: how many files may still be made; None where there is no such limit.
    """

    uses: tuple[str, ...]
    path: Path
    free_bytes: int
    free_files: int | None = None


def check_disks(ground: CheckContext) -> Sequence[Finding]:
    return assess_disks(_gather_disk_facts())


def assess_disks(disks: Sequence[DiskFacts]) -> list[Finding]:
    return [_assess_disk(disk) for disk in disks]


def _assess_disk(disk: DiskFacts) -> Finding:
    uses, free = ", ".join(disk.uses), as_size(disk.free_bytes)
    fix = f"Make room there: `du -h {quote(str(disk.path))} | sort -h | tail`"
    if disk.free_bytes < FULL_BYTES:
        return problem(f"The disk for {uses} is full ({free} free)", fix, free=disk.free_bytes)
    if disk.free_files is not None and disk.free_files < LOW_FILES:
        return problem(f"The disk for {uses} takes no more files ({disk.free_files} left)", fix, free=disk.free_bytes)
    if disk.free_bytes < LOW_BYTES:
        return warning(f"The disk for {uses} has only {free} left", fix, free=disk.free_bytes)
    return ok(f"{free} free for {uses}", free=disk.free_bytes)


def _gather_disk_facts() -> list[DiskFacts]:
    uses = {
        "models": paths.models_folder(),
        "history": paths.data_folder(),
        "log": paths.state_folder(),
        "settings": paths.config_folder(),
        "sounds in passing": Path(tempfile.gettempdir()),
    }
    by_disk: dict[int, list[tuple[str, Path]]] = {}
    for use, wanted in uses.items():
        path = next(folder for folder in (wanted, *wanted.parents) if os.path.isdir(folder))
        by_disk.setdefault(path.stat().st_dev, []).append((use, path))
    return [facts for kept in by_disk.values() if (facts := _disk_facts(kept))]


def _disk_facts(kept: list[tuple[str, Path]]) -> DiskFacts | None:
    """None for what is no disk, such as ``/proc``: that it takes no files is told of the folders."""
    path = kept[0][1]
    found = os.statvfs(path)
    if not found.f_blocks:
        return None
    files = found.f_favail if found.f_files else None
    return DiskFacts(tuple(use for use, _ in kept), path, found.f_bavail * found.f_frsize, files)
