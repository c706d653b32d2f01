"""Which models a conversation loads."""

from voicemate.config.schema import Settings, cores
from voicemate.models.catalog import Role

SILERO, SMART_TURN = "silero-vad", "smart-turn"


def wants_turn_detector(settings: Settings) -> bool:
    """Whether Smart Turn is to vote. On two cores its 60 ms make whisper's words 100 ms late."""
    return settings.turns.smart_turn == "always" or (settings.turns.smart_turn == "auto" and cores() >= 4)


def needed(settings: Settings) -> dict[str, Role]:
    """The models that a conversation with ``settings`` loads, by name or path, and what for."""
    models = {
        settings.stt.model: Role.HEARING,
        settings.llm.model: Role.THINKING,
        SILERO: Role.VOICE_ACTIVITY,
    }
    return models | ({SMART_TURN: Role.END_OF_TURN} if wants_turn_detector(settings) else {})
