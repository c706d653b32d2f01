"""Keeps the hashes of pulled models without one in the catalog, in ``pulled.json`` beside the weights."""

import json
from pathlib import Path
from typing import Any, cast

from voicemate.models.catalog import CatalogModel
from voicemate.models.storage import install_file

FILE_NAME = "pulled.json"


def expected_sha256(model: CatalogModel, folder: Path) -> str | None:
    """Return the hash of ``model``'s file in ``folder``: the catalog's, or the hub's at the pull."""
    return model.sha256 or _read(folder).get(model.file)


def record_sha256(folder: Path, model: CatalogModel, sha256: str) -> None:
    """Record the hash that the hub stated, for a model without one in the catalog.

    Raises:
        OSError: the disk refuses.
    """
    if model.sha256 is None:
        part = folder / f"{FILE_NAME}.part"
        part.write_text(json.dumps(_read(folder) | {model.file: sha256}, indent=2) + "\n", encoding="utf-8")
        install_file(part, folder / FILE_NAME)


def _read(folder: Path) -> dict[str, str]:
    """Return the recorded hashes by file name; empty without a valid record."""
    try:
        recorded: Any = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, str]", recorded) if isinstance(recorded, dict) else {}
