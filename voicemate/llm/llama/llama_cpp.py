"""llama.cpp's handle: a model, and its context with one sequence in the KV cache.

Thin and synchronous. One thread owns it; only ``tokenize`` and the vocabulary may be used from any thread.
"""

import ctypes
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemate.config.schema import LlmSettings, engine_threads
from voicemate.core.errors import ModelError
from voicemate.llm.llama.build_info import Amx, C, amx, capture_log, first_error
from voicemate.llm.llama.sampler import Sampler, dry_sampler
from voicemate.llm.llama.threads import ThreadGovernor
from voicemate.models.memory_fit import context_tokens
from voicemate.personas.persona import Sampling
from voicemate.system.file_pages import evict

_CPU_GROUP_ROWS = 4
"""Rows that ggml's CPU kernels for repacked weights take at once."""
_GPU_GROUP_ROWS = 32
"""Rows of a tile of Metal's matrix product; a batch of so many costs hardly more than one of a single token."""

_MIN_TIMED_BATCH = 8
"""Tokens of a batch from which its time tells how many threads help. Smaller ones come right behind whisper's work,
whose threads still wait for more of it in a busy loop."""
_BATCH_OVERHEAD_TOKENS = 2.5
"""Tokens that every batch costs besides its own: one thread takes 39 ms for 4, 88 for 12, 400 for 64 (SmolLM2)."""
_RETRY_AFTER_BATCHES = 5
"""Batches with few threads after a failed try with more: some four turns of those that are waited for."""

_PEEK_SEQUENCE = 1
"""The sequence of a ``peek``."""

_Q8_0_BLOCK = 32
"""Values that Q8_0 quantizes together. Keys in it take half the memory of 16 bits, and a CPU reads them no slower;
over 1,800 tokens the perplexity of SmolLM2-135M stayed 66.8 and 107.9 to 107.6."""


class LlamaContext:
    """A loaded model.

    Args:
        path: a GGUF file.
        settings: context, batch, threads and GPU layers.

    Attributes:
        group: tokens of a prompt that its kernels handle together; see ``prefix``.
        size: tokens the context holds.
        can_peek: whether ``peek`` may be used; not with models that keep a state instead of what they have read.
        template: the Jinja text of the model's chat template; empty when it has none.
        bos, eos: texts of the first and last token.
        first_token: what every prompt of this model begins with, whether its template says so or not.

    Raises:
        ModelError: the file is missing, no GGUF, damaged, or too large for this machine or these settings.
    """

    def __init__(self, path: Path, settings: LlmSettings) -> None:
        _check_file(path)
        self._path = path
        self._on_gpu = bool(settings.gpu_layers != 0 and C.llama_supports_gpu_offload())
        self.group = _GPU_GROUP_ROWS if self._on_gpu else _CPU_GROUP_ROWS
        # macOS's default leaves a core free already, and whoever sets a number has it.
        governed = not settings.threads and not self._on_gpu and sys.platform != "darwin"
        most = engine_threads(settings.threads)
        self._governor = ThreadGovernor(most, governed)
        self._batch_governor = ThreadGovernor(most, governed, trial=1, retry_after=_RETRY_AFTER_BATCHES)
        # What is read while a reply is heard has the sound and its making for neighbours, and tells of nothing else.
        self._prefill_governor = ThreadGovernor(most, governed, trial=1, retry_after=_RETRY_AFTER_BATCHES)
        self._context: Any = None
        self._model: Any = None
        self._repetition: dict[float, Any] = {}
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

    # Words and tokens. Any thread.

    def tokenize(self, text: str) -> list[int]:
        """Tokens of ``text``; names of special tokens in it become these tokens.

        Raises:
            ModelError: the model was closed.
        """
        if not self._model:
            raise ModelError("The language model was closed")
        data = text.encode("utf-8")
        # Never more tokens than bytes, but for the space that some vocabularies put in front.
        room = (C.llama_token * (len(data) + 2))()
        count = C.llama_tokenize(self._vocabulary, data, len(data), room, len(room), False, True)
        return list(room[:count])

    def token_bytes(self, token: int) -> bytes:
        """The bytes of an ordinary token, perhaps half a character; nothing for a special one."""
        return self._piece(token, special=False)

    def special_text(self, token: int) -> str:
        """The name of a special token, such as ``<|im_end|>``; empty for an ordinary one."""
        return self._text(token) if C.llama_vocab_is_control(self._vocabulary, token) else ""

    def is_end_token(self, token: int) -> bool:
        """An end-of-turn token, or any other special one: the template's business, not the reply's."""
        return bool(
            C.llama_vocab_is_eog(self._vocabulary, token) or C.llama_vocab_is_control(self._vocabulary, token)
        )

    # The KV cache. The owner's thread.

    def append(self, tokens: list[int], scored: int | None) -> None:
        """Evaluate ``tokens`` behind those in the cache, in one batch.

        Args:
            scored: the one of them after which ``logits`` are wanted; None for none: nobody waits for them, and a few
                milliseconds are spared.

        Raises:
            ModelError: llama.cpp failed; what the cache holds is not known then.
        """
        room = (C.llama_token * len(tokens))(*tokens)  # the batch only points to it
        batch = C.llama_batch_get_one(room, len(tokens))
        batch.logits = (ctypes.c_int8 * len(tokens))(*(token == scored for token in range(len(tokens))))
        several = self._prefill_governor if scored is None else self._batch_governor
        self._decode(batch, self._governor if len(tokens) == 1 else several)

    def _decode(self, batch: Any, governor: ThreadGovernor) -> None:
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
        """Evaluate ``tokens`` as if they stood behind the first ``length`` in the cache: ``logits`` are those after
        the last one. Nothing of it stays, and the next batches find the cache as it was.

        Args:
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
        """The next tokens are the first words of a reply, and waited for: try all threads. What slowed the last
        reply's later words down was mostly their own sound being made."""
        self._governor.retry_all_threads()

    def release_memory(self) -> None:
        """Nobody waits: give memory back that is not needed. AMX has weights laid out anew, and of those in the file
        only the rows of the words that are read, of which each brings its neighbours along (64 KB)."""
        if self._weights_repacked:
            evict(self._path)

    def truncate(self, length: int) -> bool:
        """Drop all tokens behind the first ``length``. False, and nothing changed, where the model cannot."""
        return bool(C.llama_memory_seq_rm(self._memory, 0, length, -1))

    def clear(self) -> None:
        """Drop all tokens."""
        C.llama_memory_clear(self._memory, False)

    def logits(self) -> NDArray[np.float32]:
        """Scores of all tokens to come after the scored one of the last batch, shape ``[vocabulary]``: llama.cpp's
        own, good until ``append``."""
        return np.ctypeslib.as_array(C.llama_get_logits_ith(self._context, -1), shape=(self._n_vocab,))

    def sampler(self, sampling: Sampling, seed: int, prompt: Sequence[int]) -> Sampler:
        """See ``Sampler``."""
        if sampling.dry not in self._repetition:
            self._repetition[sampling.dry] = dry_sampler(self._vocabulary, sampling.dry, self.context_size)
        step = C.llama_sampler_clone(self._repetition[sampling.dry])
        for token in prompt:
            C.llama_sampler_accept(step, token)
        return Sampler(self._context, self._n_vocab, sampling, seed, step)

    def state_size(self) -> int:
        """Bytes that ``state`` would have."""
        return C.llama_state_seq_get_size(self._context, 0)

    def state(self) -> bytes:
        """All that the cache holds, for ``restore``."""
        room = (ctypes.c_uint8 * self.state_size())()
        written = C.llama_state_seq_get_data(self._context, room, len(room), 0)
        return bytes(memoryview(room)[:written])

    def restore(self, state: bytes | memoryview) -> bool:
        """Make the cache what it was when ``state`` was taken. False when it does not fit this model and context;
        the cache is empty then."""
        room = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        self.clear()
        if C.llama_state_seq_set_data(self._context, room, len(room), 0) > 0:
            return True
        self.clear()
        return False

    def _load_model(self, settings: LlmSettings) -> Any:
        params = C.llama_model_default_params()
        params.n_gpu_layers = settings.gpu_layers
        tiles = amx()
        params.use_extra_bufts = tiles is not Amx.UNSAFE
        model = C.llama_model_load_from_file(os.fsencode(self._path), params)
        if not model:
            raise ModelError(
                f"The model file {self._path} is damaged or of a kind not known: {first_error()}",
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

    def _make_context(self, settings: LlmSettings) -> Any:
        params = C.llama_context_default_params()
        params.n_ctx = self._requested_context
        params.n_batch = params.n_ubatch = min(max(settings.batch, self.group), self._requested_context)
        params.n_seq_max = 2 if _is_attention_only(self._model) else 1  # the second one is _ASIDE
        params.kv_unified = True  # both share what they have in common
        params.n_outputs_max = params.n_seq_max  # though no batch has more than one token whose logits are read
        params.n_threads = params.n_threads_batch = self._governor.threads
        params.offload_kqv = params.op_offload = self._on_gpu
        # On a CPU flash attention gives other bits for a batch of 64 tokens and more than for a smaller one and is no
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
        """Values of an attention head's key; the model's width over its heads, where its file does not say."""
        told = self._metadata(f"{self._metadata('general.architecture')}.attention.key_length")
        return int(told) if told else C.llama_model_n_embd(self._model) // max(1, C.llama_model_n_head(self._model))

    def _metadata(self, key: str) -> str:
        length = C.llama_model_meta_val_str(self._model, key.encode(), None, 0)
        if length <= 0:
            return ""
        room = ctypes.create_string_buffer(length + 1)
        C.llama_model_meta_val_str(self._model, key.encode(), room, len(room))
        return room.value.decode("utf-8", "replace")

    def _text(self, token: int) -> str:
        return self._piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def _piece(self, token: int, *, special: bool) -> bytes:
        room = ctypes.create_string_buffer(64)
        length = C.llama_token_to_piece(self._vocabulary, token, room, len(room), 0, special)
        if length < 0:
            room = ctypes.create_string_buffer(-length)
            length = C.llama_token_to_piece(self._vocabulary, token, room, len(room), 0, special)
        return room.raw[:length]


def _check_file(path: Path) -> None:
    pull = "Fetch it with `voicemate models pull`, or choose another model with llm.model"
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read: {error.strerror}", pull) from None
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file, so it is no language model for llama.cpp", pull)


def _is_attention_only(model: Any) -> bool:
    """All that the model knows of its past are keys and values of each token."""
    return not (C.llama_model_is_recurrent(model) or C.llama_model_is_hybrid(model))
