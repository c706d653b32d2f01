"""Ears and whisper together: blocks of sound in, what was said out.

Finished pieces of a long utterance are transcribed while the person speaks on; ``hear`` then has only the tail to do.
Everything here runs on the conversation's loop; whisper works in its own thread.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, replace

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
"""Voices in that time that were no words, after which words must be sure. Somebody who is misheard twice is heard the
third time as before."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an utterance said so far.

    Attributes:
        text: the words; what whisper made up when they are not ``words``.
        language: two letters.
        words: the evidence says that somebody spoke.
        why: the evidence, when nobody did.
        confidence: mean probability of the tokens, 0 to 1, in the least certain part.
    """

    text: str
    language: str
    has_words: bool
    reason: str = ""
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class _Transcription:
    """Whisper's work on a piece, of which only the facts are kept."""

    piece: UtteranceChunk
    task: asyncio.Task[Transcript]

    def is_on(self, piece: UtteranceChunk) -> bool:
        same = (piece.began, piece.ended) == (self.piece.began, self.piece.ended)
        return same and not self.task.cancelled()


class SpeechRecognizer:
    """Hears one utterance after the other. Not thread-safe: one conversation, one loop.

    Args:
        ears: not shared with anybody.
        transcriber: may be shared; calls are queued.
        language: two letters, or ``auto`` to detect each utterance's from its first piece.
        prompt: words that are likely to come, such as the character's name.

    Attributes:
        prompt: the same; what is set counts from the next transcript on.
    """

    def __init__(
        self, segmenter: SpeechSegmenter, transcriber: Transcriber, language: str = "auto", prompt: str = ""
    ) -> None:
        self._segmenter = segmenter
        self._transcriber = transcriber
        self._language = language
        self.prompt = prompt
        self._rejected_at = deque[int](maxlen=_OFTEN)  # where the latest voices ended that were no words
        self._start_utterance()

    @property
    def voice(self) -> float:
        """Probability of a voice in the last block, 0 to 1."""
        return self._segmenter.voice

    @property
    def speaking(self) -> bool:
        """A voice is plainly there, and no pause of it has been told."""
        return self._segmenter.speaking

    @property
    def voice_on(self) -> bool:
        """A voice is there, or may be starting or coming back: no turn should end now."""
        return self._segmenter.voice_on

    @property
    def dbfs(self) -> float:
        """Level of the last block."""
        return self._segmenter.dbfs

    @property
    def position(self) -> int:
        """The clock position up to which it has heard."""
        return self._segmenter.position

    def push(self, block: Block) -> list[VoiceEvent]:
        """Hear the next block; pieces that it completes go to whisper at once."""
        told: list[VoiceEvent] = []
        for event in self._segmenter.push(block):
            if isinstance(event, ChunkEnded):
                self._finish(event.chunk)
            else:
                told.append(event)
        return told

    def audio(self, began: int, ended: int) -> Pcm:
        """The sound between two clock positions, as far as it is kept."""
        return self._segmenter.audio(began, ended)

    async def recognize(self) -> Recognition:
        """What the current utterance says up to now; during a pause, up to that pause.

        Asked again before the voice goes on, it costs nothing. Cancelling it aborts the work on the tail.

        Raises:
            ModelError: whisper failed.
        """
        heard = [(work.piece, await asyncio.shield(work.task)) for work in self._finished]
        tail = self._segmenter.tail()
        if tail is not None:
            heard.append((tail, await self._transcribe_tail(tail)))
        self._recognition = _combine(heard, self._among_noise())
        return self._recognition

    async def interim_text(self) -> str:
        """The words of the utterance that goes on, drafted: quick, and not to be relied on.

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
        """Take the voice for paused now; None when there is none, or it pauses already."""
        return self._segmenter.end_speech()

    def close(self) -> None:
        """The utterance is over: the next voice starts a new one."""
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

    def _finish(self, piece: UtteranceChunk) -> None:
        self._finished.append(self._work_on(piece))
        self._draft = None

    def _work_on(self, piece: UtteranceChunk) -> _Transcription:
        """The work on ``piece``: what is done or going on already, if that is on the same sound."""
        if self._draft is not None:
            if self._draft.is_on(piece):
                return self._draft
            self._draft.task.cancel()
        first = self._finished[0].task if self._finished else None
        task = asyncio.create_task(self._transcribe(piece.pcm, first), name="transcribe")
        self._draft = _Transcription(replace(piece, pcm=np.empty(0, dtype=np.float32)), task)
        return self._draft

    async def _transcribe_tail(self, tail: UtteranceChunk) -> Transcript:
        work = self._work_on(tail)
        try:
            return await asyncio.shield(work.task)
        except asyncio.CancelledError:
            if self._draft is work:  # else the voice went on, and this has become a finished piece
                work.task.cancel()
            raise

    async def _transcribe(self, pcm: Pcm, first: asyncio.Task[Transcript] | None) -> Transcript:
        """In the language of the utterance's ``first`` piece, if there is one before this."""
        language = (await asyncio.shield(first)).language if first else self._language
        return await self._transcriber.transcribe(pcm, language, self.prompt)


def _combine(heard: list[tuple[UtteranceChunk, Transcript]], among_noise: bool) -> Recognition:
    """The pieces in which somebody spoke, joined; if nobody did in any, what was made up and why it is no words."""
    if not heard:
        return Recognition("", "", has_words=False, reason="no voice")
    language = heard[0][1].language
    verdicts = [
        classify(told.text, told.confidence, piece.voiced, piece.dbfs, told.agreement, among_noise)
        for piece, told in heard
    ]
    said = [
        (verdict.text, piece.overlaps)
        for verdict, (piece, _) in zip(verdicts, heard, strict=True)
        if isinstance(verdict, Speech)
    ]
    confidence = min(transcript.confidence for _, transcript in heard)
    if said:
        return Recognition(
            chunk_merge.merge(*zip(*said, strict=True)), language, has_words=True, confidence=confidence
        )
    made_up = " ".join(verdict.text for verdict in verdicts)
    return Recognition(
        made_up, language, has_words=False, reason=next(v.reason for v in verdicts if isinstance(v, NonSpeech))
    )
