"""What whisper made of some sound, with the evidence to judge it by."""

from dataclasses import dataclass
from typing import Protocol

from voicemate.core.pcm import Pcm


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words, and how sure whisper was of them.

    Attributes:
        text: the words, stripped; empty when there were none.
        language: two letters.
        confidence: mean probability of the text tokens, 0 to 1.
        agreed: how alike another transcript of the same sound was, 0 to 1; 1 when none was needed.
        seconds: length of the sound.
        ms: how long it took.
    """

    text: str
    language: str
    confidence: float
    duration_s: float
    elapsed_ms: float
    agreement: float = 1.0


class Transcriber(Protocol):
    """Turns an utterance into words; calls are queued, one runs at a time in the owner thread."""

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        """Transcribe 16 kHz mono ``pcm``, 29 s at most; ``listener.Listener`` cuts what is longer.

        Cancelling the awaiting task aborts the work as soon as whisper allows (after an encoder pass).

        Args:
            language: two letters, or ``auto`` to detect it.
            prompt: words that are likely to come, such as the character's name.
        """
        ...

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        """The same in one quick try, for a guess in the middle of an utterance."""
        ...

    def close(self) -> None: ...
