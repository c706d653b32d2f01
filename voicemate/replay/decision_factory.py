"""What decides, as this version has it."""

from voicemate.config.schema import Settings
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import resolve
from voicemate.models.storage import sha256
from voicemate.recording.header import RecordingHeader
from voicemate.replay.replayer import DecisionFactory
from voicemate.turns.floor import Floor
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector

SILERO = "silero-vad"
VAD_ROLE = "voice activity"
"""What its file is called among a recording's weights."""


def current_decisions() -> DecisionFactory:
    """Silero and the speech tracker for ears, and the floor.

    Raises:
        ModelError: Silero's file is missing (also when the ears are made: it is no such network).
    """
    silero = resolve(SILERO, ModelRole.VAD)

    def ears(settings: Settings) -> SpeechSegmenter:
        return SpeechSegmenter(SileroDetector(silero, settings.vad.gate), settings.vad, settings.stt.max_chunk_s)

    return DecisionFactory(ears, make_floor)


def silero_differs(header: RecordingHeader) -> bool:
    """Whether the conversation was held with another file of Silero than there is now.

    Raises:
        ModelError: Silero's file is missing.
    """
    then = header.model_files.get(VAD_ROLE)
    return then is not None and then.sha256 not in ("", sha256(resolve(SILERO, ModelRole.VAD)))


def make_floor(settings: Settings) -> Floor:
    """A fresh floor, as the live conversation has it."""
    return Floor.from_settings(settings)
