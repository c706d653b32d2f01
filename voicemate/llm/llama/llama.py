"""The language model on llama.cpp: prefill, and replies streamed as they are decoded.

The life of a reply, from the messages to the text:

 1. ``llm/context_window.py``   chooses the exchanges that fit into the context
 2. ``llm/prompt.py``           builds the messages from the persona and these exchanges
 3. ``Llama.reply``             starts ``Llama._reply`` on the engine's thread
 4. ``llm/prompt_tokens.py``    renders the messages with the model's ``llm/chat_template.py`` and tokenizes them
 5. ``llama/kv_cache.py``       keeps the tokens that the cache holds already
 6. ``llama/prefix.py``         divides the others into groups and batches
 7. ``llama/llama_cpp.py``      evaluates the batches, with the threads that ``llama/threads.py`` chooses
 8. ``llama/sampler.py``        samples a token from the logits
 9. ``llm/stop_text.py``        releases the text that is certain, and finds the end of the reply
10. ``Llama.reply``             yields it on the asyncio loop; 7 to 10 repeat for each token
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemate.config.schema import LlmSettings
from voicemate.core.errors import ModelError
from voicemate.core.worker_thread import Cancellation, WorkerThread
from voicemate.llm.base import Message
from voicemate.llm.llama.build_info import VERSION, amx
from voicemate.llm.llama.kv_cache import KvCache, KvSnapshot
from voicemate.llm.llama.llama_cpp import LlamaContext
from voicemate.llm.llama.prefix import Batching, can_probe_at
from voicemate.llm.llama.prompt_cache import PromptCache, state_key
from voicemate.llm.llama.sampler import Sampler
from voicemate.llm.prompt_tokens import PromptTokens
from voicemate.llm.stop_text import ReplyText, soft_token_limit
from voicemate.personas.persona import Sampling

MAX_PIECES_AHEAD = 16
"""Pieces decoded ahead of the reader: about as many as the next phrase has."""

_CLEARLY_COMPLETE = 0.4
"""With this probability a turn counts as complete without a second judgement, which takes as long as its words do."""

_MIN_REPLY_TOKENS = 8
"""Tokens that must fit after a prompt."""


@dataclass(frozen=True, slots=True)
class LlamaSnapshot:
    """The evaluated prompt of a model, for another instance of the same file.

    Attributes:
        model: see ``prompt_cache.state_key``.
        cache: the contents of its KV cache.
    """

    model: str
    cache: KvSnapshot


class Llama:
    """A ``LanguageModel`` with a thread of its own. Created by ``load``; used from one asyncio loop."""

    def __init__(
        self, native: LlamaContext, thread: WorkerThread, batch: int, model: str, prompts: PromptCache | None
    ) -> None:
        self._native = native
        self._model = model
        self._prompt_cache = prompts
        self._thread = thread
        self._batching = Batching(native.group, max(native.group, batch // native.group * native.group))
        self._cache = KvCache(native, self._batching)
        self._prompts = PromptTokens(native)

    @classmethod
    async def load(cls, path: Path, settings: LlmSettings, prompts: Path | None = None) -> "Llama":
        """Load the GGUF file at ``path``.

        Args:
            path: of the model file.
            settings: context, batch, threads and GPU layers.
            prompts: the private folder in which ``prefill_persona`` stores evaluated personas; None stores none.

        Raises:
            ModelError: the file is missing, not GGUF, damaged, or too large for this machine or these settings; or
                its chat template cannot be used.
        """
        thread = WorkerThread("llama")
        loaded: list[LlamaContext] = []
        try:
            await thread.run(lambda: loaded.append(LlamaContext(path, settings)))
            build = f"{VERSION} {settings.gpu_layers} {amx().name}"
            stored = PromptCache(prompts, path, build) if prompts else None
            return cls(loaded[0], thread, settings.batch, state_key(path, build), stored)
        except BaseException:
            thread.close(lambda: [context.close() for context in loaded])
            raise

    @property
    def context_size(self) -> int:
        """Tokens of the context, which holds the prompt and the reply."""
        return self._native.context_size

    @property
    def evaluated_tokens(self) -> int:
        """Tokens evaluated so far, of prompts and of replies: a measure of the work done."""
        return self._cache.evaluated_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Return the tokens of the prompt for ``messages``.

        Messages that do not end with the user's count as the start of a prompt. Quick; safe from any thread.
        """
        if messages and messages[-1].role == "user":
            return len(self._prompts.prompt(messages))
        return len(self._prompts.prompt_prefix(messages))

    async def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str, None]:
        """See ``LanguageModel.reply``.

        Decoding runs as fast as the machine allows, but at most ``MAX_PIECES_AHEAD`` pieces ahead of the reader: a
        reply that nobody reads costs little more than its first clause. Read it in ``contextlib.aclosing``: a
        reader that stops must close the iterator, or it keeps the engine.

        The same messages, sampling and seed give the same reply to the letter, whatever was evaluated before, as
        long as the machine, the build of llama.cpp and its number of threads stay the same.

        Raises:
            ModelError: the prompt leaves no room for a reply, or llama.cpp failed.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        room, stop = threading.Semaphore(MAX_PIECES_AHEAD), Cancellation()

        def emit(piece: str) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)
            room.acquire()

        given = tuple(messages)
        work = asyncio.create_task(self._thread.run(self._reply, given, sampling, seed, emit, stop))
        work.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                room.release()
                yield piece
            await work
        finally:
            stop.cancel()
            room.release()  # the engine's thread may be waiting; it then sees ``stop``
            work.cancel()

    async def prefill(self, messages: Sequence[Message]) -> None:
        """See ``LanguageModel.prefill``.

        Raises:
            ModelError: the messages do not fit the context, or llama.cpp failed.
        """
        await self._thread.run(self._prefill, tuple(messages), Cancellation())

    async def prefill_persona(self, opening: Sequence[Message]) -> None:
        """Prefill a persona's own messages, at the start or when the persona changes.

        Their state is loaded from the disk if it is there, and stored there otherwise.

        Raises:
            ModelError: the messages do not fit the context, or llama.cpp failed.
        """
        await self._thread.run(self._prefill_persona, tuple(opening), Cancellation())

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        """See ``LanguageModel.completeness``.

        It is the probability that the message ends now, or with a full stop, question or exclamation mark; see
        docs/measurements/end-of-turn.md. A low value says that the turn goes on; a high one does not say that the
        turn is over, since another sentence may follow.

        The model evaluates the whole prompt of the reply on the way, so that a following ``reply`` to the same
        messages starts with its first token: the judgement is nearly free.

        Raises:
            ModelError: the messages do not fit the context, or llama.cpp failed.
        """
        return await self._thread.run(
            self._completeness, tuple(messages), trailing_marks, tuple(opening), Cancellation()
        )

    async def snapshot(self, max_bytes: int) -> LlamaSnapshot | None:
        """Return what ``restore`` needs; None when it exceeds ``max_bytes``, or nothing was evaluated."""
        snapshot = await self._thread.run(lambda: self._cache.snapshot(max_bytes))
        return LlamaSnapshot(self._model, snapshot) if snapshot else None

    async def restore(self, snapshot: LlamaSnapshot) -> bool:
        """Load an evaluated prompt. Return False, and change nothing, when it is of another model."""
        if snapshot.model != self._model:
            return False
        return await self._thread.run(lambda: self._restore(snapshot.cache))

    def close(self) -> None:
        """See ``LanguageModel.close``."""
        self._thread.close(self._native.close)

    # The engine's thread.

    def _prefill(self, messages: Sequence[Message], stop: Cancellation) -> None:
        tokens = self._prompts.prompt_prefix(messages)
        self._check_context_size(len(tokens), 0)
        self._cache.evaluate(tokens, stop)
        self._native.release_memory()

    def _restore(self, snapshot: KvSnapshot) -> bool:
        restored = self._cache.restore(snapshot.tokens, snapshot.state)
        self._native.release_memory()
        return restored

    def _prefill_persona(self, opening: Sequence[Message], stop: Cancellation) -> None:
        tokens = self._prompts.prompt_prefix(opening)
        tokens = tokens[: self._batching.whole_groups(len(tokens))]
        state = self._prompt_cache.load(tokens) if self._prompt_cache else None
        if state and self._cache.restore(tokens, state):
            self._native.release_memory()
            return
        self._prefill(opening, stop)
        if self._prompt_cache and not stop.cancelled:
            self._prompt_cache.save(tokens, self._cache.state())

    def _reply(
        self,
        messages: Sequence[Message],
        sampling: Sampling,
        seed: int,
        emit: Callable[[str], None],
        stop: Cancellation,
    ) -> None:
        prompt = self._prompts.prompt(messages)
        self._check_context_size(len(prompt), _MIN_REPLY_TOKENS)
        if not self._cache.evaluate(prompt, stop, need_logits=True):
            return
        limit = min(sampling.max_tokens, self._native.context_size - len(prompt))
        text = ReplyText(self._prompts.stop_markers)
        self._native.begin_reply()
        with closing(self._native.sampler(sampling, seed, prompt)) as sampler:
            for count in range(1, limit + 1):
                token = self._sample(sampler, text)
                if self._native.is_end_token(token) or stop.cancelled:
                    break
                if certain := text.add(self._native.token_bytes(token)):
                    emit(certain)
                if text.ended or (count >= soft_token_limit(limit) and text.at_sentence_end):
                    break
                if count < limit:
                    self._cache.append_reply_token(token)
        if not stop.cancelled and (rest := text.finish()):
            emit(rest)
        self._native.release_memory()

    def _sample(self, sampler: Sampler, text: ReplyText) -> int:
        """Return the next token, but not one that ends an empty reply: a character always answers."""
        token = sampler.sample()
        for _ in range(_MIN_REPLY_TOKENS):
            if not (text.empty and self._native.is_end_token(token)):
                break
            self._native.logits()[token] = -np.inf
            token = sampler.sample()
        return token

    def _completeness(
        self, messages: Sequence[Message], closing: str, opening: Sequence[Message], stop: Cancellation
    ) -> float:
        *before, last = messages
        words = Message(last.role, last.content.removesuffix(closing))
        judged, alone = (*before, words), (*opening, words)
        tokens, prompt = self._prompts.prompt_prefix(judged), self._prompts.prompt(messages)
        self._check_context_size(len(prompt), 0)
        ends = list(self._prompts.end_of_turn_tokens(judged))
        probability = 0.0

        def probe() -> None:
            nonlocal probability
            probability = self._probability(ends)
            twice = opening and alone != judged and probability < _CLEARLY_COMPLETE and self._native.can_peek
            if twice and self._cache.peek(self._prompts.prompt_prefix(alone)):
                probability = max(probability, self._probability(ends))

        at = len(tokens) - 1
        if prompt[: len(tokens)] == tokens and can_probe_at(at, len(prompt), self._batching):
            self._cache.evaluate_with_probe(prompt, at, probe, stop)
        elif self._cache.evaluate(tokens, stop, need_logits=True):
            probe()
        return probability

    def _probability(self, tokens: list[int]) -> float:
        """Return the probability that one of ``tokens`` comes next."""
        logits = self._native.logits().astype(np.float64)
        weights = np.exp(logits - logits.max())
        return float(weights[tokens].sum() / weights.sum())

    def _check_context_size(self, prompt: int, reply: int) -> None:
        size = self._native.context_size
        if prompt + reply > size:
            raise ModelError(
                f"The conversation needs {prompt + reply} tokens and the model's context holds {size}",
                "Set llm.context to more",
            )
