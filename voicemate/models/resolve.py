"""Finds the file of a model by name or path, and the models that the settings need.

The checks at every start take milliseconds: the file exists, and has its size and its format's first bytes.
``verify`` reads every byte.
"""

import os
from enum import StrEnum
from pathlib import Path

from voicemate.config.schema import Settings
from voicemate.core.cpu import usable_cores
from voicemate.core.errors import ModelError
from voicemate.core.paths import models_folder
from voicemate.models import gguf
from voicemate.models.catalog import Catalog, CatalogModel, ModelRole, load_catalog
from voicemate.models.convert import whisper_ggml

SILERO, SMART_TURN = "silero-vad", "smart-turn"

_ONNX = (b"\x08", "an ONNX file")  # its first field, the version of the format
_MAGIC_BYTES = {
    ModelRole.STT: (whisper_ggml.MAGIC, "a whisper model in ggml format"),
    ModelRole.LLM: (gguf.MAGIC, "a GGUF file"),
    ModelRole.VAD: _ONNX,
    ModelRole.END_OF_TURN: _ONNX,
}
"""The first bytes of a role's files, and what such a file is called."""

_PERMISSIONS = "Check the file's permissions"
_LIST = "`voicemate models list` shows what has a name"
_SUFFIXES = (".gguf", ".bin", ".onnx")


class FileState(StrEnum):
    """The state of a catalogued model's file."""

    PRESENT = "present"
    MISSING = "missing"
    TRUNCATED = "truncated"
    WRONG_FORMAT = "not a model"
    UNREADABLE = "unreadable"


def file_state(model: CatalogModel, folder: Path) -> FileState:
    """Return the state of ``model``'s file, by size and first bytes."""
    path = folder / model.file
    try:
        if not path.is_file():
            return FileState.MISSING
        if path.stat().st_size != model.size:
            return FileState.TRUNCATED
        return FileState.PRESENT if _has_format(path, model.role) else FileState.WRONG_FORMAT
    except OSError:
        return FileState.UNREADABLE


def resolve(
    name_or_path: str | os.PathLike[str], role: ModelRole | None = None, *, catalog: Catalog | None = None
) -> Path:
    """Return the checked file of the model with this name or at this path.

    A bare file name is looked up in the working folder and then in the models folder. A file that is not in the
    catalog is checked by its own header, to its last tensor.

    Args:
        name_or_path: of the model.
        role: that the model must have; None accepts any.
        catalog: None for the one that ships.

    Raises:
        ModelError: no such model, or its file is missing, truncated, of another format or for another role.
    """
    catalog = catalog or load_catalog()
    name, folder = os.fspath(name_or_path), models_folder()
    model = catalog.get(name)
    if model:
        if role not in (None, model.role):
            others = ", ".join(other.name for other in catalog.with_role(role))
            raise ModelError(f"{name} is a model for {model.role}, not for {role}", f"Choose one of {others}")
        return _check_catalogued(model, folder)
    try:
        return _check_own_file(_find(name, folder, catalog), role)
    except OSError as error:
        raise ModelError(f"The model {name} cannot be read: {error.strerror}", _PERMISSIONS) from None


def _check_catalogued(model: CatalogModel, folder: Path) -> Path:
    path, remedy = folder / model.file, f"Run `voicemate models pull {model.name}`"
    found = file_state(model, folder)
    if found is FileState.MISSING:
        raise ModelError(f"The model {model.name} is not here ({path})", remedy)
    if found is FileState.TRUNCATED:
        size = f"{path.stat().st_size:,} bytes instead of {model.size:,}"
        raise ModelError(f"The model {model.name} is not whole: {path} has {size}", remedy)
    if found is FileState.WRONG_FORMAT:
        raise ModelError(f"The model {model.name} is damaged: {path} is not {_MAGIC_BYTES[model.role][1]}", remedy)
    if found is FileState.UNREADABLE:
        raise ModelError(f"The model {model.name} cannot be read ({path})", _PERMISSIONS)
    return path


def _find(name: str, folder: Path, catalog: Catalog) -> Path:
    """Return the file that ``name`` means."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.name == name and (folder / name).is_file():
        return folder / name
    if path.name != name or path.suffix in _SUFFIXES:
        raise ModelError(f"There is no model file {path}", f"Check the path; {_LIST}")
    raise ModelError(f"There is no model called {name}", catalog.suggestion(name))


def _check_own_file(path: Path, role: ModelRole | None) -> Path:
    """Check a file that is not in the catalog for ``role``, and return its path."""
    matching = [one for one in ModelRole if _has_format(path, one)]
    if not matching or role not in (None, *matching):
        wanted = _MAGIC_BYTES[role][1] if role else "a model file"
        raise ModelError(f"{path} is not {wanted}", f"Give the file of such a model, or a name: {_LIST}")
    if ModelRole.STT in matching:
        whisper_ggml.read_parameters(path)
    if ModelRole.LLM in matching:
        gguf.read_header(path)
    return path


def _has_format(path: Path, role: ModelRole) -> bool:
    beginning = _MAGIC_BYTES[role][0]
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


def uses_smart_turn(settings: Settings) -> bool:
    """Return whether Smart Turn is used. On two cores it delays whisper; see docs/measurements/end-of-turn.md."""
    return settings.turns.smart_turn == "always" or (settings.turns.smart_turn == "auto" and usable_cores() >= 4)


def required_models(settings: Settings) -> dict[str, ModelRole]:
    """Return the models that a conversation with ``settings`` loads, by name or path, with their roles."""
    models = {
        settings.stt.model: ModelRole.STT,
        settings.llm.model: ModelRole.LLM,
        SILERO: ModelRole.VAD,
    }
    return models | ({SMART_TURN: ModelRole.END_OF_TURN} if uses_smart_turn(settings) else {})
