"""Work that is done while the person still speaks, so that less is left when they pause.

What has been said so far is transcribed again and again, and read by the language model already. All of it is a
guess that costs nothing when it is wrong: the reply is asked for with the words that were heard in the end, and as
far as the model has read these it finds them in its cache. So it need not wait until two transcripts agree: a short
sentence is over before there is a second one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from voicemate.core.errors import VoicemateError
from voicemate.core.pcm import to_samples

INTERVAL = to_samples(900)
"""Speech between two transcripts, at least: a transcript takes a third of this on two cores."""


def without_last_word(words: str) -> str:
    """All words but the last: it may not have been said to its end, and what stands behind it is a guess."""
    return " ".join(words.split()[:-1])


class InterimTranscripts:
    """Follows one utterance after the other. Belongs to the conversation's loop.

    Args:
        transcribe: the words of the utterance so far.
        prefill: has the language model read words.
        on_transcript: called with each transcript.
        enabled: False to follow nothing.
    """

    def __init__(
        self,
        transcribe: Callable[[], Awaitable[str]],
        prefill: Callable[[str], Awaitable[None]],
        on_transcript: Callable[[str], None],
        enabled: bool = True,
    ):
        self._transcribe = transcribe
        self._prefill = prefill
        self._on_transcript = on_transcript
        self.enabled = enabled
        self._task: asyncio.Task[None] | None = None
        self._next_at = 0

    def on_voice(self, at: int, began: int) -> None:
        """The voice that began at ``began`` is on at ``at``."""
        if self.enabled and self._task is None and at >= max(self._next_at, began + INTERVAL):
            self._next_at = at + INTERVAL
            self._task = asyncio.create_task(self._update(), name="follow")

    def stop(self) -> None:
        """The voice pauses: the engines are needed for what was said."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _update(self) -> None:
        with suppress(VoicemateError):  # the turn itself meets it again, and tells
            words = await self._transcribe()
            self._on_transcript(words)
            if begun := without_last_word(words):
                await self._prefill(begun)
        self._task = None
