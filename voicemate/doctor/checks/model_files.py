"""The models of the settings: are they here, are they whole, and do they fit into the memory?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicemate.core.errors import ModelError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, PullModels, from_error, ok, problem, warning
from voicemate.models import gguf, memory_fit
from voicemate.models.catalog import ModelRole, load_catalog
from voicemate.models.needed import required_models
from voicemate.models.resolve import resolve
from voicemate.models.sizes import MB, as_size
from voicemate.models.verify import VerifiedModel, VerifyResult, verify


def check_models(ground: CheckContext) -> Sequence[Finding]:
    found = [_check_model(name, role) for name, role in required_models(ground.settings).items()]
    if ground.thorough:
        found += assess_verification(
            verify(progress=lambda stage, done, total: ground.on_progress(_progress_text(stage, done, total)))
        )
    return found


def _check_model(name: str, role: ModelRole) -> Finding:
    try:
        path = resolve(name, role)
    except ModelError as error:
        known = load_catalog().get(name)
        mend = PullModels((name,)) if known and known.role is role else None
        if role is ModelRole.END_OF_TURN:  # a conversation does well without
            return warning(error.message, error.hint, fix=mend)
        return from_error(error, fix=mend)
    size = path.stat().st_size
    return ok(f"{path.stem if path.name == name else name} for {role} ({as_size(size)})", file=str(path), size=size)


def assess_verification(read: Sequence[VerifiedModel]) -> list[Finding]:
    """What came of reading all installed models to the last byte."""
    bad = [one for one in read if one.result not in (VerifyResult.OK, VerifyResult.UNKNOWN)]
    if read and not bad:
        return [ok(f"Read to the last byte and found whole: {len(read)} models")]
    return [_damaged(one) for one in bad]


def _damaged(one: VerifiedModel) -> Finding:
    told = f"The model {one.model.name} is not what it should be: {one.result}"
    return problem(told, one.hint, fix=PullModels((one.model.name,)))


def _progress_text(stage: str, done: int, total: int) -> str:
    return f"{stage} {100 * done // total if total else 0}%"


# ---------------------------------------------------------------- memory


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """Bytes.

    Attributes:
        hearing, thinking: what the two models need while they work.
        available: what this machine can give to models now, beside everything else that voicemate needs.
        running: what a running voicemate has of it already, as measured; 0 when none runs.
        total: the machine's memory, or the container's.
    """

    stt: int
    llm: int
    available: int
    running: int
    total: int


def check_memory(ground: CheckContext) -> Sequence[Finding]:
    """Nothing where a model is missing: that is told already."""
    try:
        hearing = resolve(ground.settings.stt.model, ModelRole.STT)
        thinking = resolve(ground.settings.llm.model, ModelRole.LLM)
    except ModelError:
        return []
    facts = MemoryFacts(
        stt=memory_fit.whisper_required_bytes(hearing.stat().st_size),
        llm=memory_fit.gguf_required_bytes(
            gguf.read_header(thinking), thinking.stat().st_size, ground.settings.llm.context
        ),
        available=memory_fit.available_bytes(),
        running=round(ground.status.memory_mb * MB) if ground.status else 0,
        total=memory_fit.total_bytes(),
    )
    return [assess_memory(facts)]


def assess_memory(facts: MemoryFacts) -> Finding:
    need = facts.stt + facts.llm
    numbers: dict[str, Any] = {"need": need, "available": facts.available, "running": facts.running}
    now = f"; voicemate has {as_size(facts.running)} now" if facts.running else ""
    smaller = "Choose a smaller model (`voicemate models list`), or `voicemate config set llm.context 2048`"
    if need > facts.total:
        return problem(
            f"The models need {as_size(need)}, and the machine has {as_size(facts.total)}", smaller, **numbers
        )
    if need > facts.available + facts.running:
        told = f"The models need {as_size(need)} and about {as_size(facts.available)} are free{now}: it may get slow"
        return warning(told, f"End what needs much memory. {smaller}", **numbers)
    return ok(f"The models need {as_size(need)}, about {as_size(facts.available)} are free{now}", **numbers)
