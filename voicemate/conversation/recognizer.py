"""Segmenter and transcriber combined: audio blocks in, recognized text out.

Complete chunks of a long utterance are transcribed while the person is still speaking; ``recognize`` then only has to
transcribe the rest. Everything here runs on the conversation's event loop; whisper runs in its own thread.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from voicemate.audio.interfaces import Block
from voicemate.core.pcm import Pcm, to_samples
from voicemate.stt import chunk_merge
from voicemate.stt import tokens as words
from voicemate.stt.base import Transcriber, Transcript
from voicemate.stt.transcript_filter import NonSpeech, Speech, classify
from voicemate.vad.segmenter import ChunkEnded, SpeechSegmenter, UtteranceChunk
from voicemate.vad.state_machine import VoiceEvent, VoicePaused

_LATELY = to_samples(20_000)
_OFTEN = 3
"""After this many utterances without words within ``_LATELY`` samples, words need more confidence."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """The text of an utterance so far.

    Attributes:
        text: the words; whisper's invention when ``has_words`` is false.
        language: two letters.
        has_words: the evidence says that these words were spoken.
        reason: the evidence against words, when there are none.
        confidence: mean token probability of the least certain chunk, 0 to 1.
    """

    text: str
    language: str
    has_words: bool
    reason: str = ""
    confidence: float = 1.0


class Recognizer(Protocol):
    """What a conversation needs of speech recognition: a ``SpeechRecognizer``, or what wraps one.

    Attributes:
        prompt: words that are likely to come; what is set counts from the next transcript on.
    """

    prompt: str

    @property
    def voice(self) -> float:
        """Probability of a voice in the last block, 0 to 1."""
        ...

    @property
    def speaking(self) -> bool:
        """Whether a voice is plainly there."""
        ...

    @property
    def voice_on(self) -> bool:
        """Whether a voice is there, or may be starting or coming back: no turn should end now."""
        ...

    @property
    def dbfs(self) -> float:
        """Level of the last block."""
        ...

    @property
    def position(self) -> int:
        """The clock position up to which blocks were processed."""
        ...

    def push(self, block: Block) -> list[VoiceEvent]:
        """Process the next block; return what it tells about the voice."""
        ...

    def audio(self, began: int, ended: int) -> Pcm:
        """The audio between two clock positions, as far as it is kept."""
        ...

    async def recognize(self) -> Recognition:
        """Recognize the current utterance up to now; during a pause, up to that pause.

        Raises:
            ModelError: whisper failed.
        """
        ...

    async def interim_text(self) -> str:
        """Draft the words of the current utterance.

        Raises:
            ModelError: whisper failed.
        """
        ...

    def end_speech(self) -> VoicePaused | None:
        """Take the voice for paused now; None when there is none, or it has paused already."""
        ...

    def close(self) -> None:
        """Close the utterance: the next voice starts a new one."""
        ...


@dataclass(frozen=True, slots=True)
class _Transcription:
    """The running or finished transcription of a chunk, which is kept without its audio."""

    chunk: UtteranceChunk
    task: asyncio.Task[Transcript]

    def is_of(self, chunk: UtteranceChunk) -> bool:
        same = (chunk.began, chunk.ended) == (self.chunk.began, self.chunk.ended)
        return same and not self.task.cancelled()


class SpeechRecognizer:
    """Recognizes one utterance after another. Not thread-safe: one conversation, one event loop.

    Args:
        segmenter: not shared with another recognizer.
        transcriber: may be shared; calls are queued.
        language: two letters, or ``auto`` to detect each utterance's language from its first chunk.
        prompt: words that are likely to occur, such as the character's name.

    Attributes:
        prompt: may be changed; takes effect with the next transcript.
    """

    def __init__(
        self, segmenter: SpeechSegmenter, transcriber: Transcriber, language: str = "auto", prompt: str = ""
    ) -> None:
        self._segmenter = segmenter
        self._transcriber = transcriber
        self._language = language
        self.prompt = prompt
        self._rejected_at = deque[int](maxlen=_OFTEN)  # where the latest utterances without words ended
        self._start_utterance()

    @property
    def voice(self) -> float:
        """Probability of a voice in the last block, 0 to 1."""
        return self._segmenter.voice

    @property
    def speaking(self) -> bool:
        """Whether a voice is confirmed and no pause of it has been reported."""
        return self._segmenter.speaking

    @property
    def voice_on(self) -> bool:
        """Whether a voice is present, or may be starting or resuming: no turn should end now."""
        return self._segmenter.voice_on

    @property
    def dbfs(self) -> float:
        """Level of the last block."""
        return self._segmenter.dbfs

    @property
    def position(self) -> int:
        """The clock position after the last block."""
        return self._segmenter.position

    def push(self, block: Block) -> list[VoiceEvent]:
        """Process the next block; a chunk that it completes is transcribed at once."""
        events: list[VoiceEvent] = []
        for event in self._segmenter.push(block):
            if isinstance(event, ChunkEnded):
                self._finish(event.chunk)
            else:
                events.append(event)
        return events

    def audio(self, began: int, ended: int) -> Pcm:
        """Return the audio between two clock positions, as far as it is kept."""
        return self._segmenter.audio(began, ended)

    async def recognize(self) -> Recognition:
        """Return the text of the current utterance up to now; during a pause, up to that pause.

        Calling it again before the voice resumes costs nothing. Cancelling it aborts the transcription of the rest.

        Raises:
            ModelError: whisper failed.
        """
        transcripts = [(work.chunk, await asyncio.shield(work.task)) for work in self._finished]
        tail = self._segmenter.tail()
        if tail is not None:
            transcripts.append((tail, await self._transcribe_tail(tail)))
        self._recognition = _combine(transcripts, self._among_noise())
        return self._recognition

    async def interim_text(self) -> str:
        """Return a quick, unreliable draft of the utterance that is still going on.

        Raises:
            ModelError: whisper failed.
        """
        finished = [work.task.result() for work in self._finished if work.task.done() and not work.task.cancelled()]
        texts = [transcript.text for transcript in finished]
        tail = self._segmenter.tail()
        if tail is not None:
            texts.append((await self._transcriber.draft(tail.pcm, self._language)).text)
        return words.without_tags(" ".join(texts))

    def end_speech(self) -> VoicePaused | None:
        """Report a pause of the voice now; None if there is no voice, or it has paused already."""
        return self._segmenter.end_speech()

    def close(self) -> None:
        """End the utterance: the next voice starts a new one."""
        if self._recognition is not None:
            if self._recognition.has_words:
                self._rejected_at.clear()
            else:
                self._rejected_at.append(self._segmenter.position)
        self._segmenter.close()
        for work in (*self._finished, self._draft):
            if work is not None:
                work.task.cancel()
        self._start_utterance()

    def _among_noise(self) -> bool:
        return len(self._rejected_at) == _OFTEN and self._segmenter.position - self._rejected_at[0] < _LATELY

    def _start_utterance(self) -> None:
        self._recognition: Recognition | None = None
        self._finished: list[_Transcription] = []
        self._draft: _Transcription | None = None

    def _finish(self, chunk: UtteranceChunk) -> None:
        self._finished.append(self._transcription_of(chunk))
        self._draft = None

    def _transcription_of(self, chunk: UtteranceChunk) -> _Transcription:
        """Return the transcription of ``chunk``: the current one if it is of the same audio, else a new one."""
        if self._draft is not None:
            if self._draft.is_of(chunk):
                return self._draft
            self._draft.task.cancel()
        first = self._finished[0].task if self._finished else None
        task = asyncio.create_task(self._transcribe(chunk.pcm, first), name="transcribe")
        self._draft = _Transcription(replace(chunk, pcm=np.empty(0, dtype=np.float32)), task)
        return self._draft

    async def _transcribe_tail(self, tail: UtteranceChunk) -> Transcript:
        work = self._transcription_of(tail)
        try:
            return await asyncio.shield(work.task)
        except asyncio.CancelledError:
            if self._draft is work:  # else the voice resumed, and this became a complete chunk
                work.task.cancel()
            raise

    async def _transcribe(self, pcm: Pcm, first: asyncio.Task[Transcript] | None) -> Transcript:
        """Transcribe in the language of the utterance's ``first`` chunk, if there is one."""
        language = (await asyncio.shield(first)).language if first else self._language
        return await self._transcriber.transcribe(pcm, language, self.prompt)


def _combine(transcripts: list[tuple[UtteranceChunk, Transcript]], among_noise: bool) -> Recognition:
    """Merge the chunks that contain speech; if none does, return the invented text and the reason against it."""
    if not transcripts:
        return Recognition("", "", has_words=False, reason="no voice")
    language = transcripts[0][1].language
    verdicts = [
        classify(given.text, given.confidence, chunk.voiced, chunk.dbfs, given.agreement, among_noise)
        for chunk, given in transcripts
    ]
    spoken = [
        (verdict.text, chunk.overlaps)
        for verdict, (chunk, _) in zip(verdicts, transcripts, strict=True)
        if isinstance(verdict, Speech)
    ]
    confidence = min(transcript.confidence for _, transcript in transcripts)
    if spoken:
        return Recognition(
            chunk_merge.merge(*zip(*spoken, strict=True)), language, has_words=True, confidence=confidence
        )
    invented = " ".join(verdict.text for verdict in verdicts)
    return Recognition(
        invented, language, has_words=False, reason=next(v.reason for v in verdicts if isinstance(v, NonSpeech))
    )
