"""The character's speech on its way to the loudspeaker, held back until it is released.

::

    pieces ──> phrases ──> sound ──> [held] ──release──> loudspeaker ──> ledger

The first phrase is rendered and then everything waits, so that an unreleased reply costs one clause of work and
a released one starts with the next audio block.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from voicemate.audio.interfaces import Speaker
from voicemate.conversation.heard_prefix import HeardPrefix
from voicemate.core.events import Event, PhraseQueued, PipelineStage, StageTimed
from voicemate.personas.persona import Persona
from voicemate.tts.base import Synthesizer
from voicemate.tts.text.phrases import Phrase, PhraseSplitter


@dataclass(frozen=True, slots=True)
class SpeechOutput:
    """All that a reply needs to become sound.

    Attributes:
        synthesizer: renders phrases.
        loudspeaker: plays them.
        now: the conversation's clock.
        emit: takes events.
    """

    synthesizer: Synthesizer
    speaker: Speaker
    now: Callable[[], int]
    emit: Callable[[Event], None]


class Reply:
    """One reply. Everything runs on the conversation's loop. Thinking counts from when it is made.

    Args:
        turn: the turn that it answers; 0 for a greeting.
        pieces: its text as it is decoded; closed when the reply is cancelled.
        persona: who speaks.
        mouth: what they speak with.
        told_ready: called once when the first sound is there.
    """

    def __init__(
        self,
        turn: int,
        pieces: AsyncGenerator[str],
        persona: Persona,
        output: SpeechOutput,
        on_ready: Callable[[], None] = lambda: None,
    ):
        self.turn_id = turn
        self._pieces = pieces
        self._persona = persona
        self._output = output
        self._on_ready = on_ready
        self._begun = output.now(), time.perf_counter()
        self._released = asyncio.Event()
        self.heard_prefix = HeardPrefix()
        self.text = ""
        self.queued = False  # all of it is at the loudspeaker, or it broke off
        self.ready_at: int | None = None  # when the first sound was there
        self.llm_ms = 0.0  # to the first phrase's text
        self.tts_ms = 0.0  # to the first phrase's sound

    async def run(self) -> None:
        """Decode, render, hold, play; returns when all of it is queued at the loudspeaker.

        Raises:
            VoicemateError: the language model or the synthesizer failed.
        """
        phrases: asyncio.Queue[Phrase | None] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._decode(phrases))
                group.create_task(self._synthesize(phrases))
        finally:
            self.queued = True

    def release(self) -> None:
        """Let it be heard, from the next audio block on."""
        self._released.set()

    async def _decode(self, phrases: asyncio.Queue[Phrase | None]) -> None:
        splitter = PhraseSplitter(self._persona.language)
        began, started = self._begun

        async def pass_on(ready: list[Phrase]) -> None:
            for phrase in ready:
                if not self.llm_ms:
                    self.llm_ms = (time.perf_counter() - started) * 1000
                    self._output.emit(
                        StageTimed(self._output.now(), self.turn_id, PipelineStage.LLM, began, self.llm_ms)
                    )
                phrases.put_nowait(phrase)
                if phrase.spoken:
                    await self._released.wait()

        # Closing stops the language model at once when this is cancelled while it waits to be released.
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                self.text += piece
                await pass_on(splitter.feed(piece))
        await pass_on(splitter.finish())
        phrases.put_nowait(None)

    async def _synthesize(self, phrases: asyncio.Queue[Phrase | None]) -> None:
        while (phrase := await phrases.get()) is not None:
            if not phrase.spoken:
                self.heard_prefix.add(phrase, None)
                continue
            began, started = self._output.now(), time.perf_counter()
            sound = await self._output.synthesizer.synthesize(phrase.spoken, self._persona.voice)
            if self.ready_at is None:
                self.ready_at = self._output.now()
                self.tts_ms = (time.perf_counter() - started) * 1000
                self._output.emit(StageTimed(self.ready_at, self.turn_id, PipelineStage.TTS, began, self.tts_ms))
                self._on_ready()
            await self._released.wait()
            if len(sound.pcm) == 0:
                self.heard_prefix.add(phrase, None)
                continue
            self.heard_prefix.add(phrase, self._output.speaker.play(sound))
            self._output.emit(PhraseQueued(self._output.now(), self.turn_id, phrase.text, phrase.spoken))
