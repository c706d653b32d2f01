"""What there is to choose from: the catalog as it looks on this machine, and a better model to offer."""

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
        state: what is in its place, judged by size and first bytes.
        need: bytes of memory it takes while it works.
        fit: whether it suits this machine.
    """

    model: CatalogModel
    path: Path
    state: FileState
    required_bytes: int
    fit: Fit


def list_models(context: int = 0, *, catalog: Catalog | None = None, folder: Path | None = None) -> list[ListedModel]:
    """Every model of the catalog, with ``memory.context_of`` so many tokens for the thinking ones.

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
    """The best thinking model beyond the starter that suits a machine; None when there is none.

    Room is left for the default hearing model beside it. More parameters are taken to be better.

    Args:
        memory_bytes: what the machine can give to models; None for this machine's (``memory.budget``).
        speed: bytes of weights it reads a second; None for this machine's (``memory.reading_speed``).
    """
    catalog = catalog or load_catalog()
    room = memory_fit.available_bytes() if memory_bytes is None else memory_bytes
    speed = memory_fit.weight_bandwidth() if speed is None else speed
    ear = max(
        (memory_fit.required_bytes(model) for model in catalog.starters if model.role is ModelRole.STT), default=0
    )
    suiting = [
        model
        for model in catalog.with_role(ModelRole.LLM)
        if not model.starter and memory_fit.fit(model, room - ear, speed, context) is Fit.GOOD
    ]
    return max(suiting, key=lambda model: model.parameters, default=None)


def hub_reachable(timeout: float = 3.0, *, catalog: Catalog | None = None) -> bool:
    """Whether models can be pulled from the hub now: huggingface_hub is installed and the hub answers.

    Takes ``timeout`` seconds at most. Uses the network: only before a conversation, never in its process.
    """
    sources = (model.source for model in (catalog or load_catalog()).models)
    source = next((source for source in sources if isinstance(source, HubSource)), None)
    return source is not None and hub.reachable(source, timeout)
