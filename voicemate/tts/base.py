"""The protocol of a speech engine."""

from dataclasses import dataclass
from typing import Protocol

from voicemate.core.pcm import AudioClip
from voicemate.personas.persona import Voice


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that an engine offers.

    Attributes:
        id: what a persona names to get it.
        name: for people.
        languages: ISO 639 codes of two or three letters, lower case, most specific first (``cmn`` before ``zh``).
    """

    id: str
    name: str
    languages: tuple[str, ...]


class Synthesizer(Protocol):
    """Renders one phrase at a time to sound; calls are queued."""

    async def synthesize(self, text: str, voice: Voice) -> AudioClip:
        """The sound of ``text``: audible at once, and behind it the pause that its last mark asks for.

        It is empty when there is nothing to say.

        Cancelling the awaiting task drops the result.

        Raises:
            SpeechError: the engine is missing, or it failed twice on this phrase.
        """
        ...

    async def voices(self) -> list[VoiceInfo]:
        """All voices the engine offers."""
        ...

    async def close(self) -> None: ...
