"""What decides, as this version has it."""

from voicemate.config.schema import Settings
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import resolve
from voicemate.models.storage import sha256
from voicemate.recording.header import Header
from voicemate.replay.replayer import DecisionFactory
from voicemate.turns.floor import Floor
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector

SILERO = "silero-vad"
VOICE_ACTIVITY = "voice activity"
"""What its file is called among a recording's weights."""


def real() -> DecisionFactory:
    """Silero and the speech tracker for ears, and the floor.

    Raises:
        ModelError: Silero's file is missing (also when the ears are made: it is no such network).
    """
    silero = resolve(SILERO, ModelRole.VAD)

    def ears(settings: Settings) -> SpeechSegmenter:
        return SpeechSegmenter(SileroDetector(silero, settings.vad.gate), settings.vad, settings.stt.max_chunk_s)

    return DecisionFactory(ears, floor)


def other_silero(header: Header) -> bool:
    """Whether the conversation was held with another file of Silero than there is now.

    Raises:
        ModelError: Silero's file is missing.
    """
    then = header.weights.get(VOICE_ACTIVITY)
    return then is not None and then.sha256 not in ("", sha256(resolve(SILERO, ModelRole.VAD)))


def floor(settings: Settings) -> Floor:
    """A fresh floor, as the live conversation has it."""
    return Floor.from_settings(settings)
