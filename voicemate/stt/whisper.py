"""Whisper as a ``Transcriber``: decoding options by model size, language memory, idle memory."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.core.worker_thread import Cancellation, WorkerThread
from voicemate.stt import repetition, tokens, transcript_filter
from voicemate.stt.base import Transcript
from voicemate.stt.decoding import CHINESE_PROMPT, DecodeOptions, DecodeResult, DraftOptions, UtteranceDecoder
from voicemate.stt.whisper_cpp import DecodeCancelledError, WhisperCpp

_OPTIONS_BY_SIZE = {
    "tiny": DecodeOptions(
        context=512,
        beam_size=1,
        draft=DraftOptions(context=256, min_confidence=transcript_filter.CONFIDENT, min_token_probability=0.0),
    ),
    "base": DecodeOptions(
        context=512,
        beam_size=4,
        draft=DraftOptions(context=256, min_confidence=transcript_filter.CONFIDENT, min_token_probability=0.3),
    ),
}
_OTHER_OPTIONS = DecodeOptions(context=1024, beam_size=1)
"""By size of the model: the cheapest with no more word errors than whisper.cpp's own defaults, for larger models an
estimate; see docs/measurements/speech-recognition.md."""


_QUIET_S = 3.0
"""Seconds without work after which a small model frees its scratch memory by reloading."""
_SMALL = 100_000_000
"""Bytes of the file below which a model is small and reloads within 0.15 s."""


class Whisper:
    """Implements ``Transcriber`` with whisper.cpp in its own thread.

    Args:
        path: a whisper model in ggml format.
        threads: CPU threads (``config.schema.engine_threads``).
        audio_context: smallest encoder context in positions of 20 ms; 0 for the model's measured one.

    Raises:
        ModelError: the file is missing, truncated, or no whisper model.
    """

    def __init__(self, path: Path, threads: int, audio_context: int = 0) -> None:
        self._last_language = "en"
        self._small = path.is_file() and path.stat().st_size < _SMALL
        self._shrinking: asyncio.TimerHandle | None = None
        self._thread = WorkerThread("whisper")
        try:
            self._model = self._thread.submit(WhisperCpp, path, threads).result()
        except BaseException:
            self._thread.close()
            raise
        measured = _OPTIONS_BY_SIZE.get(self._model.size, _OTHER_OPTIONS)
        self._effort = replace(measured, context=audio_context, draft=None) if audio_context else measured

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        """See ``Transcriber``. ``auto`` uses the last language when it fits, which costs nothing."""
        with self._working():
            return await self._thread.run(self._transcribe, pcm, language, prompt, Cancellation())

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        """See ``Transcriber``. ``auto`` uses the last language."""
        with self._working():
            return await self._thread.run(self._draft, pcm, language, Cancellation())

    def close(self) -> None:
        """Abort the current work and free the model; returns when that is done (after at most one encoder pass)."""
        self._small = False  # no shrinking any more
        self._cancel_shrink()
        self._thread.close(release=self._model.close)

    @contextmanager
    def _working(self) -> Generator[None]:
        """Keep the model as it is during the work, and free its scratch memory some seconds later."""
        self._cancel_shrink()
        try:
            yield
        except DecodeCancelledError:  # by close()
            raise asyncio.CancelledError from None
        finally:
            self._cancel_shrink()
            if self._small:
                loop = asyncio.get_running_loop()
                self._shrinking = loop.call_later(_QUIET_S, self._thread.submit, self._model.shrink)

    def _cancel_shrink(self) -> None:
        if self._shrinking is not None:
            self._shrinking.cancel()
            self._shrinking = None

    def _draft(self, pcm: Pcm, language: str, cancellation: Cancellation) -> Transcript:
        began = time.perf_counter()
        language = "en" if not self._model.multilingual else self._last_language if language == "auto" else language
        decoded = UtteranceDecoder(self._model, pcm, self._effort, "", cancellation).draft(language)
        return self._transcript(decoded, language, pcm, began)

    def _transcript(
        self, decoded: DecodeResult, language: str, pcm: Pcm, began: float, prompt: str = ""
    ) -> Transcript:
        return Transcript(
            text=_without_prompt(_without_loop(decoded), prompt),
            language=language,
            confidence=decoded.confidence,
            duration_s=len(pcm) / CLOCK_HZ,
            elapsed_ms=(time.perf_counter() - began) * 1000,
        )

    def _transcribe(self, pcm: Pcm, language: str, prompt: str, cancellation: Cancellation) -> Transcript:
        began = time.perf_counter()
        decoding = UtteranceDecoder(self._model, pcm, self._effort, prompt, cancellation)
        if not self._model.multilingual:
            language, decoded = "en", decoding.decode_in_language("en")
        elif language == "auto":
            language, decoded = decoding.decode_in_any_language(self._last_language)
            if decoded.is_sure and not decoded.has_no_words:
                self._last_language = language
        else:
            decoded = decoding.decode_in_language(language)
        first = self._transcript(decoded, language, pcm, began, prompt)
        if not transcript_filter.needs_second_opinion(first.text, first.confidence, decoding.rejected_confidence):
            return first
        sure = first.confidence >= transcript_filter.CONFIDENT
        other = self._transcript(decoding.second_opinion(language, sure), language, pcm, began, prompt)
        agreement = (
            transcript_filter.agreement(first.text, other.text)
            if transcript_filter.counts_as_second_opinion(other.confidence)
            else 0.0
        )
        return replace(first, agreement=agreement, elapsed_ms=other.elapsed_ms)


def _without_loop(decoded: DecodeResult) -> str:
    """Remove repetitions unless whisper ended the text itself: people do repeat themselves."""
    return decoded.text if decoded.complete else repetition.without_repetition(decoded.text)


def _without_prompt(text: str, prompt: str) -> str:
    """Remove the prompt if whisper, lacking anything else, read it out."""
    for sentence in (CHINESE_PROMPT, prompt):
        spoken = sentence.rstrip("。. ")
        if len(tokens.split_words(spoken)) > 2 and text.startswith(spoken):
            text = text[len(spoken) :].lstrip("。. ")
    return text
