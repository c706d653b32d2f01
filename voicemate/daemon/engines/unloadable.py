"""Engines that can be unloaded during silence, and are loaded again when they are used.

Using an engine that is not loaded waits for it; ``start_loading`` begins at the first sign that it will be needed.
Everything is called on the daemon's loop.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Generic, Protocol, TypeVar

from voicemate.core.pcm import Pcm
from voicemate.llm.base import Message
from voicemate.llm.llama.llama import Llama, LlamaSnapshot
from voicemate.personas.persona import Sampling
from voicemate.stt.base import Transcriber, Transcript

_MAX_SAVED_BYTES = 64 * 2**20
"""Largest saved state of an unloaded language model, in bytes: 3,800 tokens of SmolLM2-135M, each of 17,653. A larger
model reads the conversation again, so that unloading frees memory."""


class _Closable(Protocol):
    def close(self) -> None: ...


E = TypeVar("E", bound=_Closable)


class Unloadable(Generic[E]):
    """One engine, loaded or not.

    Args:
        engine: loaded.
        load: loads it again; its errors are raised where the engine is used.
    """

    def __init__(self, engine: E, load: Callable[[], Awaitable[E]]) -> None:
        self._load = load
        self._loading: asyncio.Task[E] | None = None
        self.engine: E | None = engine

    def start_loading(self) -> "asyncio.Task[E] | None":
        """Begin to load the engine, unless it is loaded; returns the task that does."""
        if self.engine is None and self._loading is None:
            self._loading = asyncio.create_task(self._reload(), name="wake")
            self._loading.add_done_callback(self._reloaded)
        return self._loading

    async def loaded(self) -> E:
        """The engine, once it is loaded.

        Raises:
            ModelError: it can no longer be loaded.
        """
        if self.engine is not None:
            return self.engine
        loading = self.start_loading()
        assert loading
        return await asyncio.shield(loading)  # a native loader cannot be cancelled

    async def save_state(self) -> None:
        """Keep what it would miss after ``unload``: by default nothing."""

    async def unload(self) -> None:
        """Free it, until it is needed."""
        if self._loading is not None:
            await asyncio.wait([self._loading])
        engine, self.engine = self.engine, None
        if engine is not None:
            await asyncio.to_thread(engine.close)

    async def _reload(self) -> E:
        self.engine = await self._load()
        return self.engine

    def _reloaded(self, loading: "asyncio.Task[E]") -> None:
        self._loading = None
        if not loading.cancelled():
            loading.exception()  # raised where the engine is used


class UnloadableWhisper(Unloadable[Transcriber]):
    """A ``Transcriber``.

    Args:
        also_load: runs at the same time, since a reply follows a transcript.
    """

    def __init__(
        self,
        engine: Transcriber,
        load: Callable[[], Awaitable[Transcriber]],
        also_load: Callable[[], Awaitable[object]],
    ) -> None:
        super().__init__(engine, load)
        self._also_load = also_load

    async def transcribe(self, pcm: Pcm, language: str = "auto", prompt: str = "") -> Transcript:
        """See ``Transcriber``."""
        return await (await self._ready()).transcribe(pcm, language, prompt)

    async def draft(self, pcm: Pcm, language: str = "auto") -> Transcript:
        """See ``Transcriber``."""
        return await (await self._ready()).draft(pcm, language)

    def close(self) -> None:
        """See ``Transcriber``."""
        if self.engine is not None:
            self.engine.close()

    async def _ready(self) -> Transcriber:
        whisper, _ = await asyncio.gather(self.loaded(), self._also_load())
        return whisper


class UnloadableLlama(Unloadable[Llama]):
    """A ``LanguageModel``.

    Its state is saved while it is unloaded, unless it is too large; then it reads the persona again.
    """

    def __init__(self, engine: Llama, load: Callable[[], Awaitable[Llama]]) -> None:
        super().__init__(engine, self._load_and_prepare)
        self._load_alone = load
        self._opening: tuple[Message, ...] = ()
        self._saved: LlamaSnapshot | None = None
        self.context_size = engine.context_size

    def count_tokens(self, messages: Sequence[Message]) -> int:
        """See ``LanguageModel``. While unloaded, an upper bound (English has 4 letters a token)."""
        if self.engine is not None:
            return self.engine.count_tokens(messages)
        return sum(len(message.content.encode()) // 2 + 8 for message in messages)

    async def prefill_persona(self, opening: Sequence[Message]) -> None:
        """See ``LanguageModel``."""
        self._opening = tuple(opening)
        await (await self.loaded()).prefill_persona(opening)

    async def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str, None]:
        """See ``LanguageModel``."""
        llama = await self.loaded()
        async with aclosing(llama.reply(messages, sampling, seed)) as pieces:
            async for piece in pieces:
                yield piece

    async def prefill(self, messages: Sequence[Message]) -> None:
        """See ``LanguageModel``."""
        await (await self.loaded()).prefill(messages)

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        """See ``LanguageModel``."""
        return await (await self.loaded()).completeness(messages, trailing_marks, opening)

    def close(self) -> None:
        """See ``LanguageModel``."""
        if self.engine is not None:
            self.engine.close()

    async def save_state(self) -> None:
        """See ``Unloadable``."""
        if self.engine is not None:
            self._saved = await self.engine.snapshot(_MAX_SAVED_BYTES)

    async def _load_and_prepare(self) -> Llama:
        llama = await self._load_alone()
        saved, self._saved = self._saved, None
        restored = saved is not None and await llama.restore(saved)
        if self._opening and not restored:
            await llama.prefill_persona(self._opening)
        return llama
