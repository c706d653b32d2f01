"""The data folders: whether they exist, are private and writable, and have free disk space."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from voicemate.core import paths
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import (
    CreateFolders,
    Finding,
    RestrictPermissions,
    format_command,
    ok,
    problem,
    warning,
)
from voicemate.models.storage import MB, as_size

_PROBE_BYTES = 4_096

_MAX_FILES = 2_000
"""How many files' permissions are checked; normally there are a few dozen."""

_LOST_WITHOUT = {
    "settings": "settings and personas cannot be changed",
    "history": "no conversation is stored",
    "state": "there is no log, and no trace",
    "runtime": "voicemate cannot start",
    "models": "no model can be downloaded",
}
"""Folders by name, and what does not work if one cannot be written."""

PRIVATE = ("history", "state", "runtime")
"""Folders with mode 0700."""

_PRIVATE_FILES = ("history*", "trace*.jsonl", "voicemate.log*")
"""Files in these folders that have mode 0600."""


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A folder.

    Attributes:
        name: a key of ``_LOST_WITHOUT``.
        path: where it is, or would be.
        exists: there is a file or folder at ``path``.
        is_folder: it is a folder.
        write_errno: errno of writing a file there, or in the nearest parent that exists; 0 if that worked.
        refused_folder: where the file was written.
        refused_is_own: this account owns ``refused_folder``.
        open_to_others: in a private folder: the folder and files that other accounts may access.
        foreign: files in it that other accounts own.
    """

    name: str
    path: Path
    exists: bool
    is_folder: bool
    write_errno: int = 0
    refused_folder: Path | None = None
    refused_is_own: bool = True
    open_to_others: tuple[Path, ...] = ()
    foreign: tuple[Path, ...] = ()


def check_folders(context: CheckContext) -> Sequence[Finding]:
    """Check that every folder can be written, and that private folders are private."""
    folders = {
        "history": paths.data_folder(),
        "state": paths.state_folder(),
        "settings": paths.config_folder(),
        "runtime": paths.runtime_folder(),
        "models": paths.models_folder(),
    }
    unique = {path: name for name, path in reversed(folders.items())}  # on macOS several of them are one folder
    return assess_folders([_gather_folder_facts(name, path) for path, name in reversed(unique.items())])


def assess_folders(folders: Sequence[FolderFacts]) -> list[Finding]:
    """Report what is wrong; folders that cannot be written for the same reason share one finding."""
    found = [finding for folder in folders for finding in _assess_folder(folder)]
    refused: dict[tuple[str, str], list[FolderFacts]] = {}
    for folder in folders:
        if folder.write_errno and not folder.foreign:
            refused.setdefault((_reason(folder.write_errno), _refusal_hint(folder)), []).append(folder)
    found += [_assess_refusals(reason, hint, alike) for (reason, hint), alike in refused.items()]
    if found:
        return found
    missing = tuple(folder.path for folder in folders if not folder.exists and folder.name != "models")
    if missing:
        which = str(missing[0]) if len(missing) == 1 else f"{len(missing)} of them"
        return [ok(f"All are writable; {which} will be created when needed", fix=CreateFolders(missing))]
    return [ok("All exist, are yours and writable, and the private ones are private")]


def _assess_folder(folder: FolderFacts) -> Iterator[Finding]:
    path = folder.path
    if folder.exists and not folder.is_folder:
        yield problem(
            f"{path} is not a folder: {_LOST_WITHOUT[folder.name]}",
            f"Move it away: {format_command('mv', path, f'{path}.old')}",
        )
        return
    if folder.foreign:
        which = (
            f"{folder.foreign[0]} belongs"
            if len(folder.foreign) == 1
            else f"{len(folder.foreign)} files in {path} belong"
        )
        yield problem(f"{which} to another account", f"`sudo chown -R $(id -un) {quote(str(path))}`")
    if folder.open_to_others:
        first, *others = folder.open_to_others
        message = f"{first} and {len(others)} more are not private" if others else f"{first} is not private"
        hint = "`voicemate doctor --fix`" if others else format_command("chmod", "go=", first)
        yield warning(message, hint, fix=RestrictPermissions(folder.open_to_others))


def _assess_refusals(reason: str, hint: str, folders: Sequence[FolderFacts]) -> Finding:
    first, *others = folders
    more = f" and {len(others)} more" if others else ""
    lost = "; ".join(_LOST_WITHOUT[folder.name] for folder in folders)
    message = f"{first.path}{more} cannot be written ({reason}): {lost}"
    only_models = [folder.name for folder in folders] == ["models"]
    return (warning if only_models else problem)(message, hint, folders=[str(folder.path) for folder in folders])


def _reason(number: int) -> str:
    return os.strerror(number).lower()


def _refusal_hint(folder: FolderFacts) -> str:
    match folder.write_errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "Free some space on that disk"
        case errno.EROFS:
            return "Mount it writable, or set VOICEMATE_HOME to a writable folder"
        case errno.EACCES | errno.EPERM if folder.refused_is_own:
            command = format_command("chmod", "u+rwx", folder.refused_folder or folder.path)
            return f"{command}, or set VOICEMATE_HOME to another folder"
        case _:
            return "Set VOICEMATE_HOME to a folder that you own"


def _gather_folder_facts(name: str, path: Path) -> FolderFacts:
    exists, is_folder = os.path.lexists(path), os.path.isdir(path)
    if exists and not is_folder:
        return FolderFacts(name, path, exists, is_folder)
    nearest = _nearest_folder(path)
    write_errno, is_own = _try_write(nearest), _is_own(nearest)
    if not exists:
        return FolderFacts(name, path, exists, is_folder, write_errno, nearest, is_own)
    files = (path, *_files_in(path)) if name != "models" else ()
    stats = [(file, found) for file in files if (found := _lstat(file))]
    open_to_others = [
        file for file, found in stats if found.st_mode & 0o077 and (file == path or _must_be_private(file))
    ]
    foreign = [file for file, found in stats if found.st_uid != os.getuid()] if os.getuid() else []
    return FolderFacts(
        name,
        path,
        exists,
        is_folder,
        write_errno,
        nearest,
        is_own,
        tuple(open_to_others) if name in PRIVATE else (),
        tuple(foreign),
    )


def _nearest_folder(path: Path) -> Path:
    """``path``, or its nearest parent that exists."""
    return next(folder for folder in (path, *path.parents) if os.path.isdir(folder))


def _try_write(folder: Path) -> int:
    """Write an unnamed temporary file in ``folder``; returns the errno, or 0 if it worked."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".voicemate-doctor-") as probe:
            probe.write(b"\0" * _PROBE_BYTES)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _files_in(folder: Path) -> list[Path]:
    """The files and folders in ``folder``, without the models."""
    found: list[Path] = []
    for parent, names, files in os.walk(folder):
        names[:] = [name for name in names if Path(parent, name) != paths.models_folder()]
        found += [Path(parent, name) for name in (*names, *files)]
        if len(found) > _MAX_FILES:
            break
    return found[:_MAX_FILES]


def _must_be_private(path: Path) -> bool:
    return any(path.match(pattern) for pattern in _PRIVATE_FILES)


def _is_own(path: Path) -> bool:
    found = _lstat(path)
    return found is not None and found.st_uid == os.getuid()


def _lstat(path: Path) -> os.stat_result | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return None if stat.S_ISLNK(found.st_mode) else found


# ---------------------------------------------------------------- disk space

FULL_BYTES = 20 * MB
"""Below this, a log, a history or a synthesized phrase may fail to be written at any moment."""

LOW_BYTES = 500 * MB

LOW_FILES = 100


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """A disk.

    Attributes:
        uses: what is stored there.
        path: one of the folders.
        free_bytes: what this account may still write.
        free_files: how many files can still be created; None if there is no such limit.
    """

    uses: tuple[str, ...]
    path: Path
    free_bytes: int
    free_files: int | None = None


def check_disks(context: CheckContext) -> Sequence[Finding]:
    """Check the free space of every disk with a data folder."""
    return assess_disks(_gather_disk_facts())


def assess_disks(disks: Sequence[DiskFacts]) -> list[Finding]:
    """Report the free space of each disk."""
    return [_assess_disk(disk) for disk in disks]


def _assess_disk(disk: DiskFacts) -> Finding:
    uses, free = ", ".join(disk.uses), as_size(disk.free_bytes)
    hint = f"Free some space there: `du -h {quote(str(disk.path))} | sort -h | tail`"
    if disk.free_bytes < FULL_BYTES:
        return problem(f"The disk for {uses} is full ({free} free)", hint, free=disk.free_bytes)
    if disk.free_files is not None and disk.free_files < LOW_FILES:
        message = f"The disk for {uses} has no room for more files ({disk.free_files} left)"
        return problem(message, hint, free=disk.free_bytes)
    if disk.free_bytes < LOW_BYTES:
        return warning(f"The disk for {uses} has only {free} left", hint, free=disk.free_bytes)
    return ok(f"{free} free for {uses}", free=disk.free_bytes)


def _gather_disk_facts() -> list[DiskFacts]:
    uses = {
        "models": paths.models_folder(),
        "history": paths.data_folder(),
        "log": paths.state_folder(),
        "settings": paths.config_folder(),
        "temporary files": Path(tempfile.gettempdir()),
    }
    by_disk: dict[int, list[tuple[str, Path]]] = {}
    for use, wanted in uses.items():
        path = _nearest_folder(wanted)
        by_disk.setdefault(path.stat().st_dev, []).append((use, path))
    return [facts for folders in by_disk.values() if (facts := _disk_facts(folders))]


def _disk_facts(folders: list[tuple[str, Path]]) -> DiskFacts | None:
    """None for a file system without blocks, such as ``/proc``; the folder check reports that it is not writable."""
    path = folders[0][1]
    found = os.statvfs(path)
    if not found.f_blocks:
        return None
    free_files = found.f_favail if found.f_files else None
    return DiskFacts(tuple(use for use, _ in folders), path, found.f_bavail * found.f_frsize, free_files)
