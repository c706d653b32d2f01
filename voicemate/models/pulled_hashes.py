"""The hashes of pulled models for which the catalog has none, beside the weights in ``pulled.json``."""

import json
from pathlib import Path

from voicemate.models.catalog import CatalogModel
from voicemate.models.storage import install_file

FILE_NAME = "pulled.json"


def expected_sha256(model: CatalogModel, folder: Path) -> str | None:
    """The hash ``model``'s file in ``folder`` must have: the catalog's, or the hub's when it was pulled."""
    return model.sha256 or _read(folder).get(model.file)


def record_sha256(folder: Path, model: CatalogModel, sha256: str) -> None:
    """Record the hash the hub stated for a model without one in the catalog.

    Raises:
        OSError: the disk refuses.
    """
    if model.sha256 is None:
        part = folder / f"{FILE_NAME}.part"
        part.write_text(json.dumps(_read(folder) | {model.file: sha256}, indent=2) + "\n", encoding="utf-8")
        install_file(part, folder / FILE_NAME)


def _read(folder: Path) -> dict[str, str]:
    """The recorded hashes by file name; a record that is missing or damaged holds none."""
    try:
        recorded = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return recorded if isinstance(recorded, dict) else {}
