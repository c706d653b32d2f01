"""Lists the catalog with what is installed and what fits this machine, and finds a better model."""

from dataclasses import dataclass
from pathlib import Path

from voicemate.core.paths import models_folder
from voicemate.models import memory_fit
from voicemate.models.catalog import Catalog, CatalogModel, HubSource, ModelRole, load_catalog
from voicemate.models.memory_fit import Fit
from voicemate.models.resolve import FileState, file_state
from voicemate.models.sources import hub


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A catalogued model on this machine.

    Attributes:
        model: its entry.
        path: of its file, present or not.
        state: of its file, by size and first bytes.
        required_bytes: memory that it takes in use.
        fit: whether it suits this machine.
    """

    model: CatalogModel
    path: Path
    state: FileState
    required_bytes: int
    fit: Fit


def list_models(context: int = 0, *, catalog: Catalog | None = None, folder: Path | None = None) -> list[ListedModel]:
    """Return every model of the catalog.

    Args:
        context: tokens of a language model's context; 0 for the default.
        catalog: None for the one that ships.
        folder: of the model files; None for the default.

    Raises:
        ModelError: the catalog cannot be used.
    """
    folder = folder or models_folder()
    room, speed = memory_fit.available_bytes(), memory_fit.weight_bandwidth()
    return [
        ListedModel(
            model,
            folder / model.file,
            file_state(model, folder),
            memory_fit.required_bytes(model, context),
            memory_fit.fit(model, room, speed, context),
        )
        for model in (catalog or load_catalog()).models
    ]


def better_llm(
    memory_bytes: int | None = None,
    speed: float | None = None,
    context: int = 0,
    *,
    catalog: Catalog | None = None,
) -> CatalogModel | None:
    """Return the best language model beyond the starter that suits a machine; None without one.

    It leaves room for the default speech recognition model. More parameters count as better.

    Args:
        memory_bytes: available to models; None for this machine's (``memory_fit.available_bytes``).
        speed: bytes of weights a second; None for this machine's (``memory_fit.weight_bandwidth``).
        context: tokens of context; 0 for the default.
        catalog: None for the one that ships.
    """
    catalog = catalog or load_catalog()
    room = memory_fit.available_bytes() if memory_bytes is None else memory_bytes
    speed = memory_fit.weight_bandwidth() if speed is None else speed
    stt = max(
        (memory_fit.required_bytes(model) for model in catalog.starters if model.role is ModelRole.STT), default=0
    )
    suiting = [
        model
        for model in catalog.with_role(ModelRole.LLM)
        if not model.starter and memory_fit.fit(model, room - stt, speed, context) is Fit.GOOD
    ]
    return max(suiting, key=lambda model: model.parameters, default=None)


def hub_reachable(timeout: float = 3.0, *, catalog: Catalog | None = None) -> bool:
    """Return whether huggingface_hub is installed and the hub answers within ``timeout`` seconds.

    Uses the network: only before a conversation, never in its process.
    """
    sources = (model.source for model in (catalog or load_catalog()).models)
    source = next((source for source in sources if isinstance(source, HubSource)), None)
    return source is not None and hub.reachable(source, timeout)
