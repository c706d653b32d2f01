"""whisper.cpp through pywhispercpp's bindings: one model, one thread, one decode at a time.

It uses the bindings below ``pywhispercpp.Model``, which keeps parameters between calls, takes a failed load for a
good one (and crashes on first use), redirects the whole process's stderr, and hides the token probabilities. Here
every call starts from fresh parameters.
"""

import atexit
import logging
import re
import struct
import threading
from pathlib import Path
from typing import Any

import _pywhispercpp
import numpy as np

from voicemate.core.errors import ModelError
from voicemate.core.pcm import Pcm, to_samples
from voicemate.core.worker_thread import Cancellation
from voicemate.stt.decoding import DecodeRequest, DecodeResult

native: Any = _pywhispercpp
"""The bindings, which have no types."""

_log = logging.getLogger(__name__)

_MAGIC = 0x67676D6C  # "ggml"
_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_DETECTED = re.compile(r"auto-detected language: \w+ \(p = ([0-9.]+)\)")
_TIMESTAMP = to_samples(20)
"""Samples between two successive timestamp tokens."""
_NEAR_THE_END = to_samples(140)
"""Samples before the end at which whisper.cpp takes the audio for finished: 100 ms, rounded up to a timestamp."""
_NO_TENSORS = "no tensors loaded"  # whisper.cpp takes a file truncated before its tensors for an empty test model


class DecodeCancelledError(Exception):
    """The decode was cancelled."""


class WhisperCpp:
    """A loaded model. All methods belong to the thread that created it.

    Args:
        path: a whisper model in ggml format.
        threads: CPU threads.

    Raises:
        ModelError: the file is missing, truncated, or no whisper model.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._context: Any
        self._load()
        self._threads = threads
        self.multilingual = bool(native.whisper_is_multilingual(self._context))
        self.size = str(native.whisper_model_type_readable(self._context))
        """tiny, base, small, medium or large."""

    def close(self) -> None:
        """Free the model. Closing again does nothing."""
        context, self._context = self._context, None
        if context is not None:
            native.whisper_free(context)

    def shrink(self) -> None:
        """Free the memory of decoding by reloading the model, which takes 0.15 s.

        whisper.cpp keeps its scratch memory (20 MB for base) and the caches of all beams and two more (44 MB with
        five) for as long as the model is loaded.

        Raises:
            ModelError: the file is missing or damaged; every call raises it until the file is back.
        """
        self.close()
        self._load()

    def _load(self) -> None:
        _check_header(self._path)
        self._context = _load(self._path)

    def decode(self, pcm: Pcm, request: DecodeRequest, cancellation: Cancellation) -> DecodeResult:
        """Decode one segment, without fallback to higher temperatures (which can take 10 s).

        Raises:
            DecodeCancelledError: ``cancellation`` was set; checked around the encoder, and after each token.
            ModelError: ``shrink`` could not reload the model, and it still cannot be loaded.
        """
        params = self._params(request.context, cancellation, request.beam_size)
        params.language = request.language
        params.initial_prompt = request.prompt
        params.max_tokens = request.max_tokens
        params.single_segment = True
        params.no_timestamps = not request.timestamps
        params.temperature_inc = 0.0
        self._full(params, pcm, cancellation)
        end, zero = native.whisper_token_eot(self._context), native.whisper_token_beg(self._context)
        reached = zero + (len(pcm) - _NEAR_THE_END) // _TIMESTAMP
        tokens = [
            native.whisper_full_get_token_data(self._context, segment, i)
            for segment in range(native.whisper_full_n_segments(self._context))
            for i in range(native.whisper_full_n_tokens(self._context, segment))
        ]
        return DecodeResult(
            self._text(),
            tuple(float(token.p) for token in tokens if token.id < end),
            not tokens or any(token.id == end or token.id >= reached for token in tokens),
        )

    def detect_language(self, pcm: Pcm, context: int, cancellation: Cancellation) -> tuple[str, float]:
        """Return the language as two letters, and its probability, after one encoder pass.

        whisper.cpp detects with the context of the previous call, so a call that stops before its encoder sets it.
        (``whisper_lang_auto_detect`` would do without, but the bindings hold the GIL over the whole pass.)

        Raises:
            DecodeCancelledError: ``cancellation`` was set.
        """
        setup = self._params(context, cancellation)
        setup.language = "en"
        native.assign_encoder_begin_callback(setup, _never)
        self._full(setup, np.zeros(to_samples(200), dtype=np.float32), cancellation)
        params = self._params(context, cancellation)
        params.detect_language = True
        self._full(params, pcm, cancellation)
        language = str(native.whisper_lang_str(native.whisper_full_lang_id(self._context)))
        return language, _native_log.language_probability

    def _params(self, context: int, cancellation: Cancellation, beams: int = 1) -> Any:
        strategy = native.WHISPER_SAMPLING_GREEDY if beams == 1 else native.WHISPER_SAMPLING_BEAM_SEARCH
        params = native.whisper_full_default_params(strategy)
        params.beam_search = {"beam_size": beams, "patience": -1.0}
        params.greedy = {"best_of": 1}  # more are only used at higher temperatures, but cost memory
        params.print_progress = False
        params.n_threads = self._threads
        params.audio_ctx = context

        def go_on(_: object) -> bool:
            return not cancellation.cancelled

        native.assign_encoder_begin_callback(params, go_on)
        native.assign_abort_callback(params, lambda: cancellation.cancelled)
        return params

    def _full(self, params: Any, pcm: Pcm, cancellation: Cancellation) -> None:
        if cancellation.cancelled:
            raise DecodeCancelledError
        if self._context is None:
            self._load()
        samples = np.ascontiguousarray(pcm, dtype=np.float32)  # the bindings read the raw pointer
        failed = native.whisper_full(self._context, params, samples, len(samples))
        if cancellation.cancelled:
            raise DecodeCancelledError
        if failed:
            raise ModelError(f"whisper.cpp failed with code {failed}", "Run `voicemate models verify`")

    def _text(self) -> str:
        segments = range(native.whisper_full_n_segments(self._context))
        text = b"".join(native.whisper_full_get_segment_text(self._context, i) for i in segments)
        return text.decode("utf-8", errors="ignore").strip()


class _NativeLog:
    """Receives whisper.cpp's messages instead of stderr, and reads from them what no function returns."""

    def __init__(self) -> None:
        self.error = ""
        self.language_probability = 1.0

    def __call__(self, level: int, text: str) -> None:
        if text.startswith("whisper_model_load") and (level == _ERROR or _NO_TENSORS in text):
            self.error = text.partition(":")[2].strip()
        if detected := _DETECTED.search(text):
            self.language_probability = float(detected[1])
        _log.debug(text.rstrip())


_native_log = _NativeLog()
_loading = threading.Lock()
native.whisper_log_set(_native_log)
atexit.register(native.whisper_log_set, None)  # a message after Python's end would abort the process


def _load(path: Path) -> Any:
    options = native.whisper_context_default_params()
    with _loading:  # one at a time: the error message must be about this file
        _native_log.error = ""
        context = native.whisper_init_from_file_with_params(str(path), options)
        error = _native_log.error
    if error:
        raise ModelError(f"{path} is damaged or truncated ({error})", "Run `voicemate models pull` to fetch it again")
    return context


def _never(_: object) -> bool:
    return False


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(8)
    except OSError as error:
        raise ModelError(
            f"The whisper model {path} cannot be read: {error.strerror}", "Run `voicemate models pull`"
        ) from None
    if len(header) < 8 or struct.unpack("<I", header[:4])[0] != _MAGIC:
        raise ModelError(
            f"{path} is no whisper model in ggml format", "Give one, or a name from `voicemate models list`"
        )
