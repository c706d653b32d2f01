"""Replaces the voice of a persona's file with the one in the settings (``tts.voice``)."""

from voicemate.core.errors import SpeechError
from voicemate.core.pcm import AudioClip
from voicemate.personas.persona import Voice
from voicemate.tts.base import Synthesizer, VoiceInfo
from voicemate.tts.voices import choose_voice


class VoiceOverride:
    """Speaks with the voice ``wanted`` for every persona whose language that voice speaks.

    Rate and volume stay the persona's. Where there is no such voice, or it speaks another language, the persona
    keeps its own.

    Args:
        engine: speaks; it is closed with this one.
        wanted: part of a voice's name or id.
    """

    def __init__(self, engine: Synthesizer, wanted: str) -> None:
        self._engine = engine
        self._wanted = wanted
        self._available: list[VoiceInfo] | None = None

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        """See ``Synthesizer``."""
        if self._available is None:
            self._available = await self._engine.voices()
        return await self._engine.synthesize(text, override_voice(voice, self._wanted, self._available))

    async def voices(self) -> list[VoiceInfo]:
        """See ``Synthesizer``."""
        return await self._engine.voices()

    async def close(self) -> None:
        """See ``Synthesizer``."""
        await self._engine.close()


def override_voice(own: Voice, wanted: str, available: list[VoiceInfo]) -> Voice:
    """Return ``own`` with the wanted voice, if that is available and speaks its language. Pure."""
    try:
        found = choose_voice(available, Voice(id=wanted, language=own.language))
    except SpeechError:
        return own
    return own.model_copy(update={"id": found.id}) if own.language in found.languages else own
