"""The character's reply on its way to the speaker, held until it is released.

::

    text pieces ──> phrases ──> sound ──> [held] ──release──> speaker ──> heard prefix

The first phrase is synthesized and then everything waits. An unreleased reply therefore costs the work of one
clause, and a released one starts with the next audio block.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from voicemate.audio.interfaces import Span
from voicemate.conversation.heard_prefix import HeardPrefix
from voicemate.core.clock import Clock
from voicemate.core.events import Event, EventStream, PhraseQueued, PipelineStage, StageTimed
from voicemate.core.pcm import AudioClip
from voicemate.personas.persona import Persona
from voicemate.tts.base import Synthesizer
from voicemate.tts.text.phrases import Phrase, PhraseSplitter


class ClipPlayer(Protocol):
    """The part of a ``Speaker`` that a reply needs."""

    def play(self, clip: AudioClip) -> Span:
        """Queue ``clip`` behind what is queued already."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechOutput:
    """All that a reply needs to become sound, and where its events go.

    Attributes:
        persona: the character; its voice speaks.
        synthesizer: renders phrases.
        speaker: plays them.
        clock: the conversation's clock.
        events: takes the events.
    """

    persona: Persona
    synthesizer: Synthesizer
    speaker: ClipPlayer
    clock: Clock
    events: EventStream

    def now(self) -> int:
        """Return the position of the conversation's clock, in samples."""
        return self.clock.now()

    def emit(self, event: Event) -> None:
        """Hand ``event`` to the subscribers."""
        self.events.emit(event)


class Reply:
    """One reply. Everything runs on the conversation's loop. LLM time counts from its construction.

    Args:
        turn_id: the turn that it answers; 0 for what the character says unprompted.
        pieces: its text as it is generated; closed when the reply is cancelled.
        output: plays it.
        on_ready: called once when the first sound is ready.

    Attributes:
        heard_prefix: what of it has left the speaker.
        text: what has been generated so far.
        queued: all of it is queued at the speaker, or it broke off.
        ready_at: where the first sound was ready; None before.
        llm_ms: time to the first phrase's text.
        tts_ms: time to the first phrase's sound.
    """

    def __init__(
        self,
        turn_id: int,
        pieces: AsyncGenerator[str],
        output: SpeechOutput,
        on_ready: Callable[[], None] = lambda: None,
    ):
        self.turn_id = turn_id
        self.heard_prefix = HeardPrefix()
        self.text = ""
        self.queued = False
        self.ready_at: int | None = None
        self.llm_ms = 0.0
        self.tts_ms = 0.0
        self._pieces = pieces
        self._output = output
        self._on_ready = on_ready
        self._began, self._started = output.now(), time.perf_counter()
        self._released = asyncio.Event()

    async def run(self) -> None:
        """Generate, synthesize, hold, play; return when all of it is queued at the speaker.

        Raises:
            VoicemateError: the language model or the synthesizer failed.
        """
        phrases: asyncio.Queue[Phrase | None] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._generate(phrases))
                group.create_task(self._synthesize(phrases))
        finally:
            self.queued = True

    def release(self) -> None:
        """Let it play, from the next audio block on."""
        self._released.set()

    async def _generate(self, phrases: asyncio.Queue[Phrase | None]) -> None:
        splitter = PhraseSplitter(self._output.persona.language)
        # Closing stops the language model at once when this is cancelled while it waits to be released.
        async with aclosing(self._pieces) as pieces:
            async for piece in pieces:
                self.text += piece
                await self._queue(splitter.feed(piece), phrases)
        await self._queue(splitter.finish(), phrases)
        phrases.put_nowait(None)

    async def _queue(self, ready: list[Phrase], phrases: asyncio.Queue[Phrase | None]) -> None:
        """Queue ``ready``; after a phrase with sound, generate on only once the reply is released."""
        for phrase in ready:
            if not self.llm_ms:
                self.llm_ms = self._emit_timing(PipelineStage.LLM, self._began, self._started)
            phrases.put_nowait(phrase)
            if phrase.spoken:
                await self._released.wait()

    async def _synthesize(self, phrases: asyncio.Queue[Phrase | None]) -> None:
        output = self._output
        while (phrase := await phrases.get()) is not None:
            if not phrase.spoken:
                self.heard_prefix.add(phrase, None)
                continue
            began, started = output.now(), time.perf_counter()
            clip = await output.synthesizer.synthesize(phrase.spoken, output.persona.voice)
            if self.ready_at is None:
                self.ready_at = output.now()
                self.tts_ms = self._emit_timing(PipelineStage.TTS, began, started)
                self._on_ready()
            await self._released.wait()
            if len(clip.pcm) == 0:
                self.heard_prefix.add(phrase, None)
                continue
            self.heard_prefix.add(phrase, output.speaker.play(clip))
            output.emit(PhraseQueued(output.now(), self.turn_id, phrase.text, phrase.spoken))

    def _emit_timing(self, stage: PipelineStage, began: int, started: float) -> float:
        """Emit and return how many milliseconds ``stage`` took since ``started``."""
        ms = (time.perf_counter() - started) * 1000
        self._output.emit(StageTimed(self._output.now(), self.turn_id, stage, began, ms))
        return ms
