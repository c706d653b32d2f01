"""The hashes of pulled models for which the catalog has none, beside the weights in ``pulled.json``."""

import json
from pathlib import Path

from voicemate.models.catalog import Model
from voicemate.models.storage import install

FILE = "pulled.json"


def expected_sha256(model: Model, folder: Path) -> str | None:
    """The hash ``model``'s file in ``folder`` must have: the catalog's, or the hub's when it was pulled."""
    return model.sha256 or _read(folder).get(model.file)


def remember(folder: Path, model: Model, sha256: str) -> None:
    """Record the hash the hub stated for a model without one in the catalog.

    Raises:
        OSError: the disk refuses.
    """
    if model.sha256 is None:
        part = folder / f"{FILE}.part"
        part.write_text(json.dumps(_read(folder) | {model.file: sha256}, indent=2) + "\n", encoding="utf-8")
        install(part, folder / FILE)


def _read(folder: Path) -> dict[str, str]:
    """The recorded hashes by file name; a record that is missing or damaged holds none."""
    try:
        recorded = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return recorded if isinstance(recorded, dict) else {}
