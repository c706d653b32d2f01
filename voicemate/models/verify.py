"""Reads installed models to their last byte and compares them with their hashes."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from voicemate.core.paths import models_folder
from voicemate.models.catalog import Catalog, Model, load
from voicemate.models.progress import Progress, silent
from voicemate.models.pulled_hashes import expected_sha256
from voicemate.models.resolve import State, state
from voicemate.models.storage import sha256


class Verdict(StrEnum):
    """What a full check found."""

    OK = "ok"
    MISSING = "missing"
    TRUNCATED = "truncated"
    WRONG_HASH = "wrong hash"
    UNREADABLE = "unreadable"
    UNKNOWN = "no hash to compare with"


_WITHOUT_READING = {
    State.MISSING: Verdict.MISSING,
    State.TRUNCATED: Verdict.TRUNCATED,
    State.UNREADABLE: Verdict.UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class Verified:
    """A model's file and what was found; ``remedy`` says what to do about it, or is empty."""

    model: Model
    path: Path
    verdict: Verdict

    @property
    def remedy(self) -> str:
        if self.verdict is Verdict.OK:
            return ""
        if self.verdict is Verdict.UNREADABLE:
            return "Check the file's permissions"
        return f"Run `voicemate models pull {self.model.name}`"


def verify(
    names: Iterable[str] = (),
    progress: Progress = silent,
    *,
    catalog: Catalog | None = None,
    folder: Path | None = None,
) -> list[Verified]:
    """Check the models called ``names``, or without names every one that is installed.

    Raises:
        ModelError: there is no such model.
    """
    catalog, folder = catalog or load(), folder or models_folder()
    wanted = tuple(names)
    chosen = catalog.expand(wanted) or tuple(model for model in catalog.models if (folder / model.file).exists())
    return [Verified(model, folder / model.file, _verdict(model, folder, progress)) for model in chosen]


def _verdict(model: Model, folder: Path, progress: Progress) -> Verdict:
    found = _WITHOUT_READING.get(state(model, folder))
    if found:
        return found
    expected = expected_sha256(model, folder)
    if expected is None:
        return Verdict.UNKNOWN
    try:
        actual = sha256(folder / model.file, lambda done: progress(f"{model.name}: checking", done, model.size))
    except OSError:
        return Verdict.UNREADABLE
    return Verdict.OK if actual == expected else Verdict.WRONG_HASH
