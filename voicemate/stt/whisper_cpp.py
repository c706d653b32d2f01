"""whisper.cpp through pywhispercpp's bindings: one model, one thread, one decode at a time.

The bindings are used below ``pywhispercpp.Model`` because that keeps parameters from call to call, takes a failed
load for a good one (and crashes on its first use), redirects the whole process's stderr to be quiet, and hides the
probabilities of the tokens. Here every call starts from fresh parameters.
"""

import atexit
import logging
import re
import struct
import threading
from pathlib import Path

import _pywhispercpp as native
import numpy as np

from voicemate.core.errors import ModelError
from voicemate.core.pcm import Pcm, to_samples
from voicemate.core.worker_thread import Cancellation
from voicemate.stt.decoding import DecodeRequest, DecodeResult

_log = logging.getLogger(__name__)

_MAGIC = 0x67676D6C  # "ggml"
_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_DETECTED = re.compile(r"auto-detected language: \w+ \(p = ([0-9.]+)\)")
_TIMESTAMP = to_samples(20)
"""What one token of time is later than the one before."""
_NEAR_THE_END = to_samples(140)
"""whisper.cpp takes the sound for over at a timestamp 100 ms before its end; it counts in frames of 10 ms, and rounds
up to a timestamp."""
_NO_TENSORS = "no tensors loaded"  # whisper.cpp takes a file cut off before its tensors for a test's empty model


class DecodeCancelled(Exception):
    """The decode was cancelled."""


class WhisperCpp:
    """A loaded model. All methods belong to the thread that made it.

    Args:
        path: a whisper model in ggml format.
        threads: of the CPU.

    Raises:
        ModelError: the file is missing, cut off, or no whisper model.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._load()
        self._threads = threads
        self.multilingual = bool(native.whisper_is_multilingual(self._context))
        self.size = str(native.whisper_model_type_readable(self._context))
        """tiny, base, small, medium or large."""

    def close(self) -> None:
        context, self._context = self._context, None
        if context is not None:
            native.whisper_free(context)

    def shrink(self) -> None:
        """Give back what decoding has left: whisper.cpp keeps its scratch memory (20 MB for base), and the caches for
        all beams and two more (44 MB with five), for as long as the model is loaded. So it is loaded anew: 0.15 s.

        Raises:
            ModelError: the file is gone or damaged; every call tells so until it is back.
        """
        self.close()
        self._load()

    def _load(self) -> None:
        _check_header(self._path)
        self._context = _load(self._path)

    def decode(self, pcm: Pcm, request: DecodeRequest, cancellation: Cancellation) -> DecodeResult:
        """One segment, no fallback to higher temperatures (which can take 10 s).

        Raises:
            Aborted: ``cancellation`` was set; looked at before the encoder, after it, and after each token.
            ModelError: the model could not be loaded again by ``shrink``, and still cannot.
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
        """The language, as two letters, and its probability: one pass of the encoder.

        whisper.cpp detects with the context of the call before, so a call that stops before its encoder sets it.
        (``whisper_lang_auto_detect`` would do without, but the bindings hold the GIL over the whole pass.)

        Raises:
            Aborted: ``cancellation`` was set.
        """
        setting = self._params(context, cancellation)
        setting.language = "en"
        native.assign_encoder_begin_callback(setting, lambda _: False)
        self._full(setting, np.zeros(to_samples(200), dtype=np.float32), cancellation)
        params = self._params(context, cancellation)
        params.detect_language = True
        self._full(params, pcm, cancellation)
        language = str(native.whisper_lang_str(native.whisper_full_lang_id(self._context)))
        return language, _native_log.language_probability

    def _params(self, context: int, cancellation: Cancellation, beams: int = 1):
        strategy = native.WHISPER_SAMPLING_GREEDY if beams == 1 else native.WHISPER_SAMPLING_BEAM_SEARCH
        params = native.whisper_full_default_params(strategy)
        params.beam_search = {"beam_size": beams, "patience": -1.0}
        params.greedy = {"best_of": 1}  # more are only asked at higher temperatures, and cost memory all the same
        params.print_progress = False
        params.n_threads = self._threads
        params.audio_ctx = context
        native.assign_encoder_begin_callback(params, lambda _: not cancellation.cancelled)
        native.assign_abort_callback(params, lambda: cancellation.cancelled)
        return params

    def _full(self, params, pcm: Pcm, cancellation: Cancellation) -> None:
        if cancellation.cancelled:
            raise DecodeCancelled
        if self._context is None:
            self._load()
        sound = np.ascontiguousarray(pcm, dtype=np.float32)  # the bindings read the raw pointer
        failed = native.whisper_full(self._context, params, sound, len(sound))
        if cancellation.cancelled:
            raise DecodeCancelled
        if failed:
            raise ModelError(f"whisper.cpp failed with code {failed}", "Run `voicemate models verify`")

    def _text(self) -> str:
        segments = range(native.whisper_full_n_segments(self._context))
        text = b"".join(native.whisper_full_get_segment_text(self._context, i) for i in segments)
        return text.decode("utf-8", errors="ignore").strip()


class _NativeLog:
    """Takes whisper.cpp's messages, which it would else print to stderr, and what it tells in no other way."""

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


def _load(path: Path):
    options = native.whisper_context_default_params()
    with _loading:  # one at a time, so that a message is surely about this file
        _native_log.error = ""
        context = native.whisper_init_from_file_with_params(str(path), options)
        wrong = _native_log.error
    if wrong:
        raise ModelError(f"{path} is damaged or cut off ({wrong})", "Run `voicemate models pull` to fetch it again")
    return context


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
