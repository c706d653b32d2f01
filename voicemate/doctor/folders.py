"""The folders where things are kept: there, the person's own, private, and able to take a file."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from voicemate import places
from voicemate.doctor.check import Ground
from voicemate.doctor.finding import Finding, MakeFolders, MakePrivate, command, ok, problem, warning

_PROBE_BYTES = 4_096

_MOST_FILES = 2_000
"""Files whose modes are looked at; there are some dozens."""

_LOST = {
    "settings": "settings and personas cannot be changed",
    "history": "nothing that is said is kept",
    "state": "there is no log, and no trace",
    "runtime": "voicemate cannot be started",
    "models": "no model can be fetched",
}
"""Folders by name, and what does not work when one cannot be written."""

PRIVATE = ("history", "state", "runtime")
"""Folders of mode 0700."""

_NOBODY_ELSES = ("history*", "trace*.jsonl", "voicemate.log*")
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
    refusal: int = 0
    refused: Path | None = None
    refused_is_ours: bool = True
    open_to_others: tuple[Path, ...] = ()
    foreign: tuple[Path, ...] = ()


def look(ground: Ground) -> Sequence[Finding]:
    folders = {
        "history": places.data_folder(),
        "state": places.state_folder(),
        "settings": places.config_folder(),
        "runtime": places.runtime_folder(),
        "models": places.models_folder(),
    }
    once = {path: name for name, path in reversed(folders.items())}  # macOS has one folder for several of them
    return judge([_facts(name, path) for path, name in reversed(once.items())])


def judge(folders: Sequence[FolderFacts]) -> list[Finding]:
    """What is wrong; folders that cannot be written for one reason are told together."""
    found = [finding for folder in folders for finding in _judged(folder)]
    refused: dict[tuple[str, str], list[FolderFacts]] = {}
    for folder in folders:
        if folder.refusal and not folder.foreign:
            refused.setdefault((_reason(folder.refusal), _way_out(folder)), []).append(folder)
    found += [_judged_refusal(reason, fix, alike) for (reason, fix), alike in refused.items()]
    if found:
        return found
    missing = tuple(folder.path for folder in folders if not folder.exists and folder.name != "models")
    if missing:
        some = str(missing[0]) if len(missing) == 1 else f"{len(missing)} of them"
        return [ok(f"All can be written; {some} will be made when needed", mend=MakeFolders(missing))]
    return [ok("All are there, yours, and can be written; what is private is private")]


def _judged(folder: FolderFacts) -> Iterator[Finding]:
    path = folder.path
    if folder.exists and not folder.is_folder:
        yield problem(
            f"{path} is no folder: {_LOST[folder.name]}", f"Move it away: {command('mv', path, f'{path}.old')}"
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
        fix = command("chmod", "go=", first) if not others else "`voicemate doctor --fix`"
        yield warning(f"{first}{more} is not private", fix, mend=MakePrivate(folder.open_to_others))


def _judged_refusal(reason: str, fix: str, folders: Sequence[FolderFacts]) -> Finding:
    first, *others = folders
    more = f" and {len(others)} more" if others else ""
    lost = "; ".join(_LOST[folder.name] for folder in folders)
    told = f"{first.path}{more} cannot be written ({reason}): {lost}"
    only_models = [folder.name for folder in folders] == ["models"]
    return (warning if only_models else problem)(told, fix, folders=[str(folder.path) for folder in folders])


def _reason(number: int) -> str:
    return os.strerror(number).lower()


def _way_out(folder: FolderFacts) -> str:
    match folder.refusal:
        case errno.ENOSPC | errno.EDQUOT:
            return "Make room on that disk"
        case errno.EROFS:
            return "Mount it writable, or set VOICEMATE_HOME to a folder that can be written"
        case errno.EACCES | errno.EPERM if folder.refused_is_ours:
            return f"{command('chmod', 'u+rwx', folder.refused or folder.path)}, or set VOICEMATE_HOME to another"
    return "Set VOICEMATE_HOME to a folder of yours"


# ---------------------------------------------------------------- gathering


def _facts(name: str, path: Path) -> FolderFacts:
    exists, is_folder = os.path.lexists(path), os.path.isdir(path)
    if exists and not is_folder:
        return FolderFacts(name, path, exists, is_folder)
    nearest = next(folder for folder in (path, *path.parents) if os.path.isdir(folder))
    refusal, ours = _refusal(nearest), _is_ours(nearest)
    if not exists:
        return FolderFacts(name, path, exists, is_folder, refusal, nearest, ours)
    inside = [(one, found) for one in (path, *_inside(path)) if (found := _lstat(one))] if name != "models" else []
    open_to_others = [one for one, found in inside if found.st_mode & 0o077 and (one == path or _nobody_elses(one))]
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


def _refusal(folder: Path) -> int:
    """What the system says to a file there, which has no name and is gone at once; 0 when it is taken."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".voicemate-doctor-") as probe:
            probe.write(b"\0" * _PROBE_BYTES)
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def _inside(folder: Path) -> list[Path]:
    """What is in a folder, but for the models."""
    found: list[Path] = []
    for at, names, files in os.walk(folder):
        names[:] = [name for name in names if Path(at, name) != places.models_folder()]
        found += [Path(at, name) for name in (*names, *files)]
        if len(found) > _MOST_FILES:
            break
    return found[:_MOST_FILES]


def _nobody_elses(path: Path) -> bool:
    return any(path.match(pattern) for pattern in _NOBODY_ELSES)


def _is_ours(path: Path) -> bool:
    found = _lstat(path)
    return found is not None and found.st_uid == os.getuid()


def _lstat(path: Path) -> os.stat_result | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return None if stat.S_ISLNK(found.st_mode) else found
