"""The interface of a transcriber, and what it returns."""

from dataclasses import dataclass
from typing import Protocol

from voicemate.core.pcm import Pcm


@dataclass(frozen=True, slots=True)
class Transcript:
    """Text and whisper's confidence in it.

    Attributes:
        text: the words, stripped; empty when there were none.
        language: two letters.
        confidence: mean probability of the text tokens, 0 to 1.
        duration_s: length of the audio.
        elapsed_ms: how long transcribing took.
        agreement: similarity of a second transcript of the same audio, 0 to 1; 1 when none was needed.
    """

    text: str
    language: str
    confidence: float
    duration_s: float
    elapsed_ms: float
    agreement: float = 1.0


class Transcriber(Protocol):
    """Transcribes utterances. Calls are queued; one runs at a time in the engine's thread."""

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        """Transcribe 16 kHz mono ``pcm`` of at most 29 s (``SpeechRecognizer`` cuts longer utterances).

        Cancelling the awaiting task aborts the work as soon as whisper allows (after an encoder pass).

        Args:
            pcm: the audio.
            language: two letters, or ``auto`` to detect it.
            prompt: words that are likely to occur, such as the character's name.
        """
        ...

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        """Transcribe in one quick pass, for an interim transcript of an unfinished utterance."""
        ...

    def close(self) -> None:
        """Abort the current work and free the model."""
        ...
