"""A model loaded by llama.cpp, and its context with one sequence in the KV cache.

Thin and synchronous. One thread owns it; only ``tokenize`` and the vocabulary may be used from any thread.
"""

import ctypes
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemate.config.schema import LlmSettings
from voicemate.core.cpu import engine_threads
from voicemate.core.errors import ModelError
from voicemate.llm.llama.build_info import Amx, Batch, C, Pointer, amx, capture_log, first_error
from voicemate.llm.llama.sampler import Sampler, dry_sampler
from voicemate.llm.llama.threads import ThreadGovernor
from voicemate.models.memory_fit import context_tokens
from voicemate.personas.persona import Sampling
from voicemate.system.file_pages import evict

_CPU_GROUP_ROWS = 4
"""Rows that ggml's CPU kernels for repacked weights compute together."""
_GPU_GROUP_ROWS = 32
"""Rows of a tile of Metal's matrix product; a batch of so many takes hardly longer than a single token."""

_MIN_TIMED_BATCH = 8
"""Tokens; smaller batches are not timed. They follow right after whisper, whose threads are still spinning."""
_BATCH_OVERHEAD_TOKENS = 2.5
"""Fixed cost of a batch, in tokens; see docs/measurements/language-model.md."""
_RETRY_AFTER_BATCHES = 5
"""Batches with few threads after a failed try with all: about four turns."""

_PEEK_SEQUENCE = 1
"""The sequence number that ``peek`` uses; the prompt is sequence 0."""

_Q8_0_BLOCK = 32
"""Values that Q8_0 quantizes together. Q8_0 keys take half the memory of float16 at the same speed and perplexity;
see docs/measurements/language-model.md."""


class LlamaContext:
    """A loaded model and its context.

    Args:
        path: a GGUF file.
        settings: context, batch, threads and GPU layers.

    Attributes:
        group: tokens of a prompt that its kernels compute together; see ``prefix``.
        context_size: tokens the context holds.
        can_peek: whether ``peek`` may be used; False for recurrent and hybrid models.
        template: the Jinja text of the model's chat template; empty when it has none.
        bos, eos: texts of the first and last token.
        prefix_token: with which every prompt of this model starts, whether its template has it or not; or None.

    Raises:
        ModelError: the file is missing, no GGUF, damaged, or too large for this machine or these settings.
    """

    def __init__(self, path: Path, settings: LlmSettings) -> None:
        _check_file(path)
        self._path = path
        self._on_gpu = bool(settings.gpu_layers != 0 and C.llama_supports_gpu_offload())
        self.group = _GPU_GROUP_ROWS if self._on_gpu else _CPU_GROUP_ROWS
        # macOS's default leaves a core free already, and a number in the settings is kept.
        governed = not settings.threads and not self._on_gpu and sys.platform != "darwin"
        most = engine_threads(settings.threads)
        self._governor = ThreadGovernor(most, governed)
        self._batch_governor = ThreadGovernor(most, governed, trial=1, retry_after=_RETRY_AFTER_BATCHES)
        # Prefill during playback competes with the synthesis; its times say nothing about other batches.
        self._prefill_governor = ThreadGovernor(most, governed, trial=1, retry_after=_RETRY_AFTER_BATCHES)
        self._context: Pointer | None = None
        self._model: Pointer | None = None
        self._repetition: dict[float, Pointer] = {}
        capture_log()
        try:
            self._model = self._load_model(settings)
            self._vocabulary = C.llama_model_get_vocab(self._model)
            self._context = self._make_context(settings)
        except ModelError:
            self.close()
            raise
        self._memory = C.llama_get_memory(self._context)
        self.can_peek = _is_attention_only(self._model)
        self._n_vocab = C.llama_vocab_n_tokens(self._vocabulary)
        self.context_size = int(C.llama_n_ctx(self._context))
        self.template = self._metadata("tokenizer.chat_template")
        bos = C.llama_vocab_bos(self._vocabulary)
        self.prefix_token: int | None = bos if C.llama_vocab_get_add_bos(self._vocabulary) and bos >= 0 else None
        self.bos = self._text(bos)
        self.eos = self._text(C.llama_vocab_eos(self._vocabulary))
        self.release_memory()

    def close(self) -> None:
        """Free everything; closing again does nothing."""
        repetition, self._repetition = self._repetition, {}
        for step in repetition.values():
            C.llama_sampler_free(step)
        context, self._context = self._context, None
        model, self._model = self._model, None
        if context:
            C.llama_free(context)
        if model:
            C.llama_model_free(model)

    # The vocabulary. Any thread.

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of ``text``; names of special tokens in it become these tokens.

        Raises:
            ModelError: the model was closed.
        """
        if not self._model:
            raise ModelError("The language model was closed")
        data = text.encode("utf-8")
        # At most one token for each byte, and one for the space that some vocabularies put in front.
        buffer = (C.llama_token * (len(data) + 2))()
        count = C.llama_tokenize(self._vocabulary, data, len(data), buffer, len(buffer), False, True)
        return list(buffer[:count])

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an ordinary token, perhaps half a character; empty for a special one."""
        return self._piece(token, special=False)

    def special_text(self, token: int) -> str:
        """Return the name of a special token, such as ``<|im_end|>``; empty for an ordinary one."""
        return self._text(token) if C.llama_vocab_is_control(self._vocabulary, token) else ""

    def is_end_token(self, token: int) -> bool:
        """Return whether ``token`` ends a reply: an end-of-turn token, or any other special one."""
        return bool(
            C.llama_vocab_is_eog(self._vocabulary, token) or C.llama_vocab_is_control(self._vocabulary, token)
        )

    # The KV cache. The owning thread.

    def append(self, tokens: list[int], scored: int | None) -> None:
        """Evaluate ``tokens`` after those in the cache, in one batch.

        Args:
            tokens: no more than a batch.
            scored: index of the token after which ``logits`` are needed. None skips them, which saves a few
                milliseconds; the batch then counts as idle work.

        Raises:
            ModelError: llama.cpp failed; the contents of the cache are then unknown.
        """
        buffer = (C.llama_token * len(tokens))(*tokens)  # the batch only points to it
        batch = C.llama_batch_get_one(buffer, len(tokens))
        batch.logits = (ctypes.c_int8 * len(tokens))(*(token == scored for token in range(len(tokens))))
        several = self._prefill_governor if scored is None else self._batch_governor
        self._decode(batch, self._governor if len(tokens) == 1 else several)

    def _decode(self, batch: Batch, governor: ThreadGovernor) -> None:
        count = batch.n_tokens
        C.llama_set_n_threads(self._context, governor.threads, governor.threads)
        began = time.perf_counter()
        code = C.llama_decode(self._context, batch)
        if code != 0:
            raise ModelError(
                f"The language model failed on {count} tokens (llama_decode {code}: {first_error()})",
                "Start again; if it goes on, set llm.gpu_layers to 0 or choose a smaller model",
            )
        if count == 1 or count >= _MIN_TIMED_BATCH:
            governor.record((time.perf_counter() - began) * 1000 / (count + _BATCH_OVERHEAD_TOKENS))

    def peek(self, length: int, tokens: Sequence[int]) -> None:
        """Compute ``logits`` as if ``tokens`` followed the first ``length`` in the cache, which stays as it was.

        Args:
            length: tokens of the cache that count.
            tokens: no more than a batch.

        Raises:
            ModelError: llama.cpp failed.
        """
        batch = C.llama_batch_init(len(tokens), 0, 1)
        try:
            for place, token in enumerate(tokens):
                batch.token[place], batch.pos[place] = token, length + place
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, _PEEK_SEQUENCE
                batch.logits[place] = place == len(tokens) - 1
            batch.n_tokens = len(tokens)
            C.llama_memory_seq_cp(self._memory, 0, _PEEK_SEQUENCE, 0, length)
            self._decode(batch, self._batch_governor)
        finally:
            C.llama_memory_seq_rm(self._memory, _PEEK_SEQUENCE, -1, -1)
            C.llama_batch_free(batch)

    def begin_reply(self) -> None:
        """Try all threads for the first tokens of a reply, which delay it.

        What slowed down the end of the last reply was mostly its own synthesis.
        """
        self._governor.retry_all_threads()

    def release_memory(self) -> None:
        """Give memory back that is not needed now; called when a request is done.

        AMX uses a repacked copy of the weights, so the pages of the file can go. Only the rows of the embedding
        table are read from it, 64 KB at a time.
        """
        if self._weights_repacked:
            evict(self._path)

    def truncate(self, length: int) -> bool:
        """Drop all tokens after the first ``length``. Return False, and change nothing, where the model cannot."""
        return bool(C.llama_memory_seq_rm(self._memory, 0, length, -1))

    def clear(self) -> None:
        """Drop all tokens."""
        C.llama_memory_clear(self._memory, False)

    def logits(self) -> NDArray[np.float32]:
        """Return the logits after the scored token of the last batch, shape ``[vocabulary]``.

        The array is llama.cpp's own memory, valid until the next batch.
        """
        return np.ctypeslib.as_array(C.llama_get_logits_ith(self._context, -1), shape=(self._n_vocab,))

    def sampler(self, sampling: Sampling, seed: int, prompt: Sequence[int]) -> Sampler:
        """Return a new ``Sampler`` for a reply to ``prompt``; the caller closes it."""
        if sampling.dry not in self._repetition:
            self._repetition[sampling.dry] = dry_sampler(self._vocabulary, sampling.dry, self.context_size)
        assert self._context is not None
        step = C.llama_sampler_clone(self._repetition[sampling.dry])
        for token in prompt:
            C.llama_sampler_accept(step, token)
        return Sampler(self._context, self._n_vocab, sampling, seed, step)

    def state_size(self) -> int:
        """Return the bytes of ``state``."""
        return C.llama_state_seq_get_size(self._context, 0)

    def state(self) -> bytes:
        """Return the contents of the cache, for ``restore``."""
        buffer = (ctypes.c_uint8 * self.state_size())()
        written = C.llama_state_seq_get_data(self._context, buffer, len(buffer), 0)
        return bytes(memoryview(buffer)[:written])

    def restore(self, state: bytes | memoryview) -> bool:
        """Load the contents of a cache.

        Returns:
            False when ``state`` does not fit this model and context; the cache is then empty.
        """
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        self.clear()
        if C.llama_state_seq_set_data(self._context, buffer, len(buffer), 0) > 0:
            return True
        self.clear()
        return False

    def _load_model(self, settings: LlmSettings) -> Pointer:
        params = C.llama_model_default_params()
        params.n_gpu_layers = settings.gpu_layers
        tiles = amx()
        params.use_extra_bufts = tiles is not Amx.UNSAFE
        model = C.llama_model_load_from_file(os.fsencode(self._path), params)
        if not model:
            raise ModelError(
                f"The model file {self._path} is damaged or of an unknown kind: {first_error()}",
                "Fetch it again with `voicemate models pull`, or choose another model",
            )
        self._weights_repacked = tiles is Amx.USABLE
        trained = C.llama_model_n_ctx_train(model)
        self._requested_context = settings.context or min(context_tokens(self._path.stat().st_size), trained)
        if self._requested_context > trained:
            C.llama_model_free(model)
            raise ModelError(
                f"The context of {self._requested_context} tokens is more than this model knows ({trained})",
                f"Set llm.context to {trained} or less",
            )
        return model

    def _make_context(self, settings: LlmSettings) -> Pointer:
        assert self._model is not None
        params = C.llama_context_default_params()
        params.n_ctx = self._requested_context
        params.n_batch = params.n_ubatch = min(max(settings.batch, self.group), self._requested_context)
        params.n_seq_max = 2 if _is_attention_only(self._model) else 1  # the second one is _PEEK_SEQUENCE
        params.kv_unified = True  # both share their common prefix
        params.n_outputs_max = params.n_seq_max  # although only one token of a batch is scored
        params.n_threads = params.n_threads_batch = self._governor.threads
        params.offload_kqv = params.op_offload = self._on_gpu
        # On a CPU flash attention gives other bits for batches from 64 tokens on than for smaller ones, and is no
        # faster at these lengths; see `prefix` for why equal bits matter.
        params.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_AUTO if self._on_gpu else C.LLAMA_FLASH_ATTN_TYPE_DISABLED
        if not self._on_gpu and self._head_size() % _Q8_0_BLOCK == 0:
            params.type_k = C.GGML_TYPE_Q8_0
        context = C.llama_init_from_model(self._model, params)
        if not context:
            raise ModelError(
                f"A context of {self._requested_context} tokens does not fit into memory: {first_error()}",
                "Set llm.context to less, or choose a smaller model",
            )
        return context

    def _head_size(self) -> int:
        """Return the values of an attention head's key, from the file or from the model's width and heads."""
        stated = self._metadata(f"{self._metadata('general.architecture')}.attention.key_length")
        if stated:
            return int(stated)
        return int(C.llama_model_n_embd(self._model) // max(1, C.llama_model_n_head(self._model)))

    def _metadata(self, key: str) -> str:
        length = C.llama_model_meta_val_str(self._model, key.encode(), None, 0)
        if length <= 0:
            return ""
        buffer = ctypes.create_string_buffer(length + 1)
        C.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace")

    def _text(self, token: int) -> str:
        return self._piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def _piece(self, token: int, *, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        length = C.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, special)
        if length < 0:
            buffer = ctypes.create_string_buffer(-length)
            length = C.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, special)
        return buffer.raw[:length]


def _check_file(path: Path) -> None:
    pull = "Fetch it with `voicemate models pull`, or choose another model with llm.model"
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read: {error.strerror}", pull) from None
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file, so it is no language model for llama.cpp", pull)


def _is_attention_only(model: Pointer) -> bool:
    """Return whether the model's only memory of its past are the keys and values of each token."""
    return not (C.llama_model_is_recurrent(model) or C.llama_model_is_hybrid(model))
