"""Reads installed models completely and compares them with their hashes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from voicemate.core.paths import models_folder
from voicemate.models.catalog import Catalog, CatalogModel, load_catalog
from voicemate.models.pulled_hashes import expected_sha256
from voicemate.models.resolve import FileState, file_state
from voicemate.models.storage import Progress, no_progress, sha256


class VerifyResult(StrEnum):
    """The result of a full check."""

    OK = "ok"
    MISSING = "missing"
    TRUNCATED = "truncated"
    WRONG_HASH = "wrong hash"
    UNREADABLE = "unreadable"
    UNKNOWN = "no hash to compare with"


_WITHOUT_READING = {
    FileState.MISSING: VerifyResult.MISSING,
    FileState.TRUNCATED: VerifyResult.TRUNCATED,
    FileState.UNREADABLE: VerifyResult.UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model's file and the result of its check."""

    model: CatalogModel
    path: Path
    result: VerifyResult

    @property
    def hint(self) -> str:
        """What to do about the result; empty when the file is intact."""
        if self.result is VerifyResult.OK:
            return ""
        if self.result is VerifyResult.UNREADABLE:
            return "Check the file's permissions"
        return f"Run `voicemate models pull {self.model.name}`"


def verify(
    names: Iterable[str] = (),
    progress: Progress = no_progress,
    *,
    catalog: Catalog | None = None,
    folder: Path | None = None,
) -> list[VerifiedModel]:
    """Check the models called ``names``, or without names all that are installed.

    Raises:
        ModelError: there is no such model.
    """
    catalog, folder = catalog or load_catalog(), folder or models_folder()
    wanted = tuple(names)
    chosen = catalog.expand(wanted) or tuple(model for model in catalog.models if (folder / model.file).exists())
    return [VerifiedModel(model, folder / model.file, _verdict(model, folder, progress)) for model in chosen]


def _verdict(model: CatalogModel, folder: Path, progress: Progress) -> VerifyResult:
    found = _WITHOUT_READING.get(file_state(model, folder))
    if found:
        return found
    expected = expected_sha256(model, folder)
    if expected is None:
        return VerifyResult.UNKNOWN
    try:
        actual = sha256(folder / model.file, lambda done: progress(f"{model.name}: checking", done, model.size))
    except OSError:
        return VerifyResult.UNREADABLE
    return VerifyResult.OK if actual == expected else VerifyResult.WRONG_HASH
