"""Which models a conversation loads."""

from voicemate.config.schema import Settings, cores
from voicemate.models.catalog import ModelRole

SILERO, SMART_TURN = "silero-vad", "smart-turn"


def uses_smart_turn(settings: Settings) -> bool:
    """Whether Smart Turn is to vote. On two cores its 60 ms make whisper's words 100 ms late."""
    return settings.turns.smart_turn == "always" or (settings.turns.smart_turn == "auto" and cores() >= 4)


def required_models(settings: Settings) -> dict[str, ModelRole]:
    """The models that a conversation with ``settings`` loads, by name or path, and what for."""
    models = {
        settings.stt.model: ModelRole.STT,
        settings.llm.model: ModelRole.LLM,
        SILERO: ModelRole.VAD,
    }
    return models | ({SMART_TURN: ModelRole.END_OF_TURN} if uses_smart_turn(settings) else {})
