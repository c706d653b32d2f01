"""The models that the settings name: whether they are installed, intact, and fit into memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicemate.core.errors import ModelError
from voicemate.doctor.check import CheckContext
from voicemate.doctor.finding import Finding, PullModels, from_error, ok, problem, warning
from voicemate.models import gguf, memory_fit
from voicemate.models.catalog import ModelRole, load_catalog
from voicemate.models.resolve import required_models, resolve
from voicemate.models.storage import MB, as_size
from voicemate.models.verify import VerifiedModel, VerifyResult, verify


def check_models(context: CheckContext) -> Sequence[Finding]:
    """Check every model that the settings need; with ``context.thorough`` also the hashes of all installed models."""
    found = [_check_model(name, role) for name, role in required_models(context.settings).items()]
    if context.thorough:
        found += assess_verification(
            verify(progress=lambda stage, done, total: context.on_progress(_progress_text(stage, done, total)))
        )
    return found


def _check_model(name: str, role: ModelRole) -> Finding:
    try:
        path = resolve(name, role)
    except ModelError as error:
        listed = load_catalog().get(name)
        fix = PullModels((name,)) if listed and listed.role is role else None
        if role is ModelRole.END_OF_TURN:  # a conversation works without it
            return warning(error.message, error.hint, fix=fix)
        return from_error(error, fix=fix)
    size = path.stat().st_size
    return ok(f"{path.stem if path.name == name else name} for {role} ({as_size(size)})", file=str(path), size=size)


def assess_verification(verified: Sequence[VerifiedModel]) -> list[Finding]:
    """Report which models do not match their hashes."""
    bad = [each for each in verified if each.result not in (VerifyResult.OK, VerifyResult.UNKNOWN)]
    if verified and not bad:
        return [ok(f"Read completely and found intact: {len(verified)} models")]
    return [_damaged(each) for each in bad]


def _damaged(verified: VerifiedModel) -> Finding:
    name = verified.model.name
    return problem(f"The model {name} is damaged: {verified.result}", verified.hint, fix=PullModels((name,)))


def _progress_text(stage: str, done: int, total: int) -> str:
    return f"{stage} {100 * done // total if total else 0}%"


# ---------------------------------------------------------------- memory


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """Memory in bytes.

    Attributes:
        stt: what the speech recognition model needs while it works.
        llm: what the language model needs while it works.
        available: what models can use now, beside everything else that voicemate needs.
        running: what a running daemon uses already; 0 if there is none.
        total: the machine's memory, or the container's.
    """

    stt: int
    llm: int
    available: int
    running: int
    total: int


def check_memory(context: CheckContext) -> Sequence[Finding]:
    """Check whether the models fit into memory; no finding if one is missing, since another check reports that."""
    try:
        stt = resolve(context.settings.stt.model, ModelRole.STT)
        llm = resolve(context.settings.llm.model, ModelRole.LLM)
    except ModelError:
        return []
    facts = MemoryFacts(
        stt=memory_fit.whisper_required_bytes(stt.stat().st_size),
        llm=memory_fit.gguf_required_bytes(gguf.read_header(llm), llm.stat().st_size, context.settings.llm.context),
        available=memory_fit.available_bytes(),
        running=round(context.status.memory_mb * MB) if context.status else 0,
        total=memory_fit.total_bytes(),
    )
    return [assess_memory(facts)]


def assess_memory(facts: MemoryFacts) -> Finding:
    """Compare what the models need with what the machine has."""
    need = facts.stt + facts.llm
    numbers: dict[str, Any] = {"need": need, "available": facts.available, "running": facts.running}
    running = f"; voicemate uses {as_size(facts.running)} now" if facts.running else ""
    hint = "Choose a smaller model (`voicemate models list`), or `voicemate config set llm.context 2048`"
    if need > facts.total:
        return problem(f"The models need {as_size(need)}; the machine has {as_size(facts.total)}", hint, **numbers)
    message = f"The models need {as_size(need)}; about {as_size(facts.available)} are free{running}"
    if need > facts.available + facts.running:
        return warning(f"{message}: it may become slow", f"Close programs that use much memory. {hint}", **numbers)
    return ok(message, **numbers)
