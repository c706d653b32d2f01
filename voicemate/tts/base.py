"""The protocol of a speech synthesizer."""

from dataclasses import dataclass
from typing import Protocol

from voicemate.core.pcm import AudioClip
from voicemate.personas.persona import Voice


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that an engine offers.

    Attributes:
        id: the driver's name, which a persona may name.
        name: as shown to people.
        languages: ISO 639 codes of two or three letters, lower case, most specific first (``cmn`` before ``zh``).
    """

    id: str
    name: str
    languages: tuple[str, ...]


class Synthesizer(Protocol):
    """Turns one phrase at a time into sound.

    All methods are called from one asyncio loop and never block it. Calls are queued: one runs at a time.
    """

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        """Return the sound of ``text``, mono, float32 in -1 to 1, at the engine's own rate.

        It is audible from the first samples, and ends with the pause that the last punctuation mark asks for. It is
        empty when the text has no letter and no digit. Cancelling the awaiting task drops the result.

        Raises:
            SpeechError: the engine is missing, or it failed twice on this phrase.
        """
        ...

    async def voices(self) -> list[VoiceInfo]:
        """Return all voices that the engine offers, each language's best one first.

        Raises:
            SpeechError: the engine is missing, or it failed twice.
        """
        ...

    async def close(self) -> None:
        """Stop the engine; a phrase in progress is dropped."""
        ...
