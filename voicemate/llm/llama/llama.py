"""The language model of a persona on llama.cpp: prefill, and replies streamed as they are decoded."""

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
"""Pieces decoded beyond those that were taken: about as many as the next phrase has."""

_CLEARLY_COMPLETE = 0.4
"""A sentence that is whole with this probability needs no second look, which takes as long as its words do."""

_MIN_REPLY_TOKENS = 8
"""Tokens that must fit behind a prompt."""


@dataclass(frozen=True, slots=True)
class LlamaSnapshot:
    """All that a model has read so far, for another one of the same file.

    Attributes:
        model: see ``prompt_cache.identity``.
        snapshot: of its cache.
    """

    model: str
    cache: KvSnapshot


class Llama:
    """A ``Mind`` with a thread of its own. Made by ``load``; used from one asyncio loop."""

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
            prompts: a private folder in which ``prepare`` keeps evaluated personas; None to keep none.

        Raises:
            ModelError: the file is missing, no GGUF, damaged, or too large for this machine or these settings; or
                its chat template cannot be used.
        """
        thread = WorkerThread("llama")
        native: list[LlamaContext] = []
        try:
            await thread.run(lambda: native.append(LlamaContext(path, settings)))
            flavour = f"{VERSION} {settings.gpu_layers} {amx().name}"
            on_disk = PromptCache(prompts, path, flavour) if prompts else None
            return cls(native[0], thread, settings.batch, state_key(path, flavour), on_disk)
        except BaseException:
            thread.close(lambda: [loaded.close() for loaded in native])
            raise

    @property
    def context_size(self) -> int:
        """Tokens of prompt and reply together that the model sees."""
        return self._native.context_size

    @property
    def evaluated_tokens(self) -> int:
        """Tokens evaluated so far, of prompts and of replies: what the work was."""
        return self._cache.evaluated_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt for a reply to ``messages``, or of its beginning when they do not end with the
        user's. Quick, and safe from any thread."""
        if messages and messages[-1].role == "user":
            return len(self._prompts.prompt(messages))
        return len(self._prompts.prompt_prefix(messages))

    async def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str, None]:
        """See ``Mind.reply``.

        It is decoded as fast as the machine can, but no more than ``LOOKAHEAD`` pieces further than they are taken:
        a reply that is held costs little more than its first clause. Read it in ``contextlib.aclosing``: whoever
        stops reading must close it, or nobody else gets the engine.

        The same messages, sampling and seed give the same reply to the letter, whatever was done before, as long as
        the machine, the build of llama.cpp and its number of threads stay the same.

        Raises:
            ModelError: the prompt leaves no room for a reply, or llama.cpp failed.
        """
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        room, stop = threading.Semaphore(MAX_PIECES_AHEAD), Cancellation()

        def hand_over(piece: str) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)
            room.acquire()

        given = tuple(messages)
        work = asyncio.create_task(self._thread.run(self._reply, given, sampling, seed, hand_over, stop))
        work.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                room.release()
                yield piece
            await work
        finally:
            stop.cancel()
            room.release()  # the engine may be waiting; it looks whether to stop before the next piece
            work.cancel()

    async def prefill(self, messages: Sequence[Message]) -> None:
        """See ``Mind.warm``. Cancelling the awaiting task stops at the next batch; what is done stays done.

        Raises:
            ModelError: the messages do not fit the context, or llama.cpp failed.
        """
        await self._thread.run(self._prefill, tuple(messages), Cancellation())

    async def prefill_persona(self, opening: Sequence[Message]) -> None:
        """The same for a persona's own messages, at a start or a change of persona: taken from the disk if they
        were evaluated before, and otherwise kept there for the next time.

        Raises:
            ModelError: the messages do not fit the context, or llama.cpp failed.
        """
        await self._thread.run(self._prefill_persona, tuple(opening), Cancellation())

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        """See ``Mind.completeness``.

        It is the probability that the message ends now, or with a full stop, question or exclamation mark. Over 60
        sentences whole and cut after a random word this ranks 95 of 100 pairs right (SmolLM2-135M). It says when
        to hold on; that a complete sentence is also the end of the turn only time can say.

        The model reads the whole prompt of the reply on the way, so that a ``reply`` to the same messages that
        follows begins with its first token: the judgement is nearly free.

        Raises:
            ModelError: the messages do not fit the context, or llama.cpp failed.
        """
        return await self._thread.run(
            self._completeness, tuple(messages), trailing_marks, tuple(opening), Cancellation()
        )

    async def snapshot(self, max_bytes: int) -> LlamaSnapshot | None:
        """What ``go_on_from`` needs; None when that has more than ``most_bytes``, or nothing was read."""
        snapshot = await self._thread.run(lambda: self._cache.snapshot(max_bytes))
        return LlamaSnapshot(self._model, snapshot) if snapshot else None

    async def restore(self, snapshot: LlamaSnapshot) -> bool:
        """Have read all of that, without reading it. False, and nothing is read, when it is of another model."""
        if snapshot.model != self._model:
            return False
        return await self._thread.run(lambda: self._restore(snapshot.cache))

    def close(self) -> None:
        """Stop what runs, free the model and end the thread. Closing again does nothing."""
        self._thread.close(self._native.close)

    # The owner's thread.

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
        hand_over: Callable[[str], None],
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
                    hand_over(certain)
                if text.ended or (count >= soft_token_limit(limit) and text.at_sentence_end):
                    break
                if count < limit:
                    self._cache.append_reply_token(token)
        if not stop.cancelled and (rest := text.finish()):
            hand_over(rest)
        self._native.release_memory()

    def _sample(self, sampler: Sampler, text: ReplyText) -> int:
        """The next token; not one that ends the reply before it has begun, since a character never just falls
        silent."""
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

        def look() -> None:
            nonlocal probability
            probability = self._probability(ends)
            twice = opening and alone != judged and probability < _CLEARLY_COMPLETE and self._native.can_peek
            if twice and self._cache.peek(self._prompts.prompt_prefix(alone)):
                probability = max(probability, self._probability(ends))

        at = len(tokens) - 1
        if prompt[: len(tokens)] == tokens and can_probe_at(at, len(prompt), self._batching):
            self._cache.evaluate_with_probe(prompt, at, look, stop)
        elif self._cache.evaluate(tokens, stop, need_logits=True):
            look()
        return probability

    def _probability(self, tokens: list[int]) -> float:
        """Of one of them to come next."""
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
