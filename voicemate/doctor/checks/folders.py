"""The folders where things are kept: there, the person's own, private, and able to take a file."""

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
from voicemate.doctor.finding import CreateFolders, Finding, RestrictPermissions, format_command, ok, problem, warning

_PROBE_BYTES = 4_096

_MAX_FILES = 2_000
"""Files whose modes are looked at; there are some dozens."""

_LOST_WITHOUT = {
    "settings": "settings and personas cannot be changed",
    "history": "nothing that is said is kept",
    "state": "there is no log, and no trace",
    "runtime": "voicemate cannot be started",
    "models": "no model can be fetched",
}
"""Folders by name, and what does not work when one cannot be written."""

PRIVATE = ("history", "state", "runtime")
"""Folders of mode 0700."""

_PRIVATE_FILES = ("history*", "trace*.jsonl", "voicemate.log*")
"""Files in them that are promised to have mode 0600."""


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """Attributes:
    name: one of ``_LOST``.
    exists: something is there; ``is_folder`` tells that it is one.
    refusal: errno of trying to write a file there (or in the nearest one above it); 0 when that worked.
    refused: where that was; ``refused_is_ours`` tells whether it belongs to this account.
    open_to_others: of a private folder: what gives others a right that they should not have, it or a file in it.
    foreign: what in it belongs to another account.
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


def check_folders(ground: CheckContext) -> Sequence[Finding]:
    folders = {
        "history": paths.data_folder(),
        "state": paths.state_folder(),
        "settings": paths.config_folder(),
        "runtime": paths.runtime_folder(),
        "models": paths.models_folder(),
    }
    once = {path: name for name, path in reversed(folders.items())}  # macOS has one folder for several of them
    return assess_folders([_gather_folder_facts(name, path) for path, name in reversed(once.items())])


def assess_folders(folders: Sequence[FolderFacts]) -> list[Finding]:
    """What is wrong; folders that cannot be written for one reason are told together."""
    found = [finding for folder in folders for finding in _assess_folder(folder)]
    refused: dict[tuple[str, str], list[FolderFacts]] = {}
    for folder in folders:
        if folder.write_errno and not folder.foreign:
            refused.setdefault((_reason(folder.write_errno), _refusal_hint(folder)), []).append(folder)
    found += [_assess_refusals(reason, fix, alike) for (reason, fix), alike in refused.items()]
    if found:
        return found
    missing = tuple(folder.path for folder in folders if not folder.exists and folder.name != "models")
    if missing:
        some = str(missing[0]) if len(missing) == 1 else f"{len(missing)} of them"
        return [ok(f"All can be written; {some} will be made when needed", fix=CreateFolders(missing))]
    return [ok("All are there, yours, and can be written; what is private is private")]


def _assess_folder(folder: FolderFacts) -> Iterator[Finding]:
    path = folder.path
    if folder.exists and not folder.is_folder:
        yield problem(
            f"{path} is no folder: {_LOST_WITHOUT[folder.name]}",
            f"Move it away: {format_command('mv', path, f'{path}.old')}",
        )
        return
    if folder.foreign:
        some = (
            f"{folder.foreign[0]} belongs"
            if len(folder.foreign) == 1
            else f"{len(folder.foreign)} files in {path} belong"
        )
        yield problem(f"{some} to another account", f"`sudo chown -R $(id -un) {quote(str(path))}`")
    if folder.open_to_others:
        first, *others = folder.open_to_others
        more = f", with {len(others)} more," if others else ""
        fix = format_command("chmod", "go=", first) if not others else "`voicemate doctor --fix`"
        yield warning(f"{first}{more} is not private", fix, fix=RestrictPermissions(folder.open_to_others))


def _assess_refusals(reason: str, fix: str, folders: Sequence[FolderFacts]) -> Finding:
    first, *others = folders
    more = f" and {len(others)} more" if others else ""
    lost = "; ".join(_LOST_WITHOUT[folder.name] for folder in folders)
    told = f"{first.path}{more} cannot be written ({reason}): {lost}"
    only_models = [folder.name for folder in folders] == ["models"]
    return (warning if only_models else problem)(told, fix, folders=[str(folder.path) for folder in folders])


def _reason(number: int) -> str:
    return os.strerror(number).lower()


def _refusal_hint(folder: FolderFacts) -> str:
    match folder.write_errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "Make room on that disk"
        case errno.EROFS:
            return "Mount it writable, or set VOICEMATE_HOME to a folder that can be written"
        case errno.EACCES | errno.EPERM if folder.refused_is_own:
            chmod = format_command("chmod", "u+rwx", folder.refused_folder or folder.path)
            return f"{chmod}, or set VOICEMATE_HOME to another"
    return "Set VOICEMATE_HOME to a folder of yours"


# ---------------------------------------------------------------- gathering


def _gather_folder_facts(name: str, path: Path) -> FolderFacts:
    exists, is_folder = os.path.lexists(path), os.path.isdir(path)
    if exists and not is_folder:
        return FolderFacts(name, path, exists, is_folder)
    nearest = next(folder for folder in (path, *path.parents) if os.path.isdir(folder))
    refusal, ours = _try_write(nearest), _is_own(nearest)
    if not exists:
        return FolderFacts(name, path, exists, is_folder, refusal, nearest, ours)
    inside = [(one, found) for one in (path, *_files_in(path)) if (found := _lstat(one))] if name != "models" else []
    open_to_others = [
        one for one, found in inside if found.st_mode & 0o077 and (one == path or _must_be_private(one))
    ]
    foreign = [one for one, found in inside if found.st_uid != os.getuid()] if os.getuid() else []
    return FolderFacts(
        name,
        path,
        exists,
        is_folder,
        refusal,
        nearest,
        ours,
        tuple(open_to_others) if name in PRIVATE else (),
        tuple(foreign),
    )


def _try_write(folder: Path) -> int:
    """What the system says to a file there, which has no name and is gone at once; 0 when it is taken."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".voicemate-doctor-") as probe:
            probe.write(b"\0" * _PROBE_BYTES)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _files_in(folder: Path) -> list[Path]:
    """What is in a folder, but for the models."""
    found: list[Path] = []
    for at, names, files in os.walk(folder):
        names[:] = [name for name in names if Path(at, name) != paths.models_folder()]
        found += [Path(at, name) for name in (*names, *files)]
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
