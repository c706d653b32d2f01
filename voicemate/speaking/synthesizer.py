"""The protocol of a speech engine."""

from dataclasses import dataclass
from typing import Protocol

from voicemate.personas.persona import Voice
from voicemate.sound import Sound


@dataclass(frozen=True, slots=True)
class VoiceInfo:
    """A voice that an engine offers.

    Attributes:
        id: what a persona names to get it.
        name: for people.
        languages: two letters each, lower case, most specific first.
    """

    id: str
    name: str
    languages: tuple[str, ...]


class Synthesizer(Protocol):
    """Renders one phrase at a time to sound; calls are queued."""

    async def render(self, text: str, voice: Voice) -> Sound:
        """The sound of ``text``, without silence at its ends.

        Cancelling the awaiting task drops the result.

        Raises:
            SpeechError: the engine is missing, or it failed twice on this phrase.
        """
        ...

    async def voices(self) -> list[VoiceInfo]:
        """All voices the engine offers."""
        ...

    async def close(self) -> None: ...
