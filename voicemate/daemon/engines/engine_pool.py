"""The engines of the daemon: loaded when they are needed, and kept until a setting they depend on changes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from voicemate.app.engines import (
    load_llama,
    load_synthesizer,
    load_turn_detector,
    load_whisper,
    make_recognizer,
    start_chat,
)
from voicemate.config.schema import Settings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.turn_pipeline import Engines
from voicemate.daemon.engines.unloadable import Unloadable, UnloadableLlama, UnloadableWhisper
from voicemate.personas.persona import Persona
from voicemate.stt.whisper import Whisper
from voicemate.system import heap
from voicemate.tts.base import Synthesizer
from voicemate.turns.end_of_turn.smart_turn import SmartTurn

T = TypeVar("T")


@dataclass(slots=True)
class _Loaded:
    """Something that is loaded, or about to be.

    Attributes:
        made_for: the settings it depends on.
        load: loads it; never cancelled, since a native loader cannot be.
        unload: frees it.
    """

    made_for: object
    load: asyncio.Task[Any]
    unload: Callable[[Any], Awaitable[None]]


class EnginePool:
    """Whisper, the language model with its character, and the voice."""

    def __init__(self) -> None:
        heap.release_large_blocks_on_free()
        self._loaded: dict[str, _Loaded] = {}

    async def load(self, settings: Settings, persona: Persona) -> Engines:
        """The engines that ``settings`` and ``persona`` ask for; only what differs is loaded, all at the same time.

        If this is cancelled, loading goes on, for the next call.

        Raises:
            ModelError: a model is missing or cannot be loaded.
            PersonaError: the persona does not fit the model's context.
            SpeechError: the voice's engine is not installed.
        """
        before = dict(self._loaded)
        async with asyncio.TaskGroup() as loading:
            whisper = loading.create_task(self._whisper(settings))
            dialogue = loading.create_task(self._dialogue(settings, persona))
            synthesizer = loading.create_task(self._synthesizer(settings, persona))
            detector = loading.create_task(self._detector(settings))
        listener = make_recognizer(settings, whisper.result())
        if self._loaded != before:
            await asyncio.to_thread(heap.release_memory)
        return Engines(listener, dialogue.result(), synthesizer.result(), detector.result())

    def start_reloading(self) -> None:
        """Begin to load what was unloaded: the person is about to talk."""
        for engine in self._unloadable():
            engine.start_loading()

    async def reload(self) -> None:
        """Load what was unloaded.

        Raises:
            ModelError: it can no longer be loaded.
        """
        await asyncio.gather(*(engine.loaded() for engine in self._unloadable()))

    async def unload(self) -> None:
        """Free whisper and the language model until they are needed."""
        character = self._loaded.get("character")
        if character and _is_ready(character.load):
            chat_history: ChatHistory = character.load.result()
            await chat_history.stop_prefill()
        for engine in self._unloadable():
            await engine.save_state()
            await engine.unload()
        await asyncio.to_thread(heap.release_memory)

    def _unloadable(self) -> list[Unloadable[Any]]:
        loads = [self._loaded[name].load for name in ("llama", "whisper") if name in self._loaded]
        return [load.result() for load in loads if _is_ready(load)]

    async def close(self) -> None:
        """Free everything: the voice first, whisper last, since it shares a backend with llama."""
        for name in ("voice", "character", "llama", "detector", "whisper"):
            await self._discard(name)

    async def _whisper(self, settings: Settings) -> UnloadableWhisper:
        stt = settings.stt
        made_for = (stt.model, stt.threads, stt.audio_context)

        async def load() -> Whisper:
            return await asyncio.to_thread(load_whisper, settings)

        async def loaded() -> UnloadableWhisper:
            return UnloadableWhisper(await load(), load, self.reload)

        return await self._get("whisper", made_for, loaded, UnloadableWhisper.unload)

    async def _detector(self, settings: Settings) -> SmartTurn | None:
        async def close(detector: SmartTurn | None) -> None:
            if detector:
                await asyncio.to_thread(detector.close)

        return await self._get(
            "detector", settings.turns.smart_turn, lambda: asyncio.to_thread(load_turn_detector, settings), close
        )

    async def _dialogue(self, settings: Settings, persona: Persona) -> ChatHistory:
        made_for = (settings.llm, persona)
        if "character" in self._loaded and self._loaded["character"].made_for != made_for:
            await self._discard("character")

        async def loaded() -> UnloadableLlama:
            return UnloadableLlama(await load_llama(settings), lambda: load_llama(settings))

        llama = await self._get("llama", settings.llm, loaded, UnloadableLlama.unload)

        def start() -> Awaitable[ChatHistory]:
            return start_chat(settings, persona, llama)

        return await self._get("character", made_for, start, ChatHistory.stop_prefill)

    async def _synthesizer(self, settings: Settings, persona: Persona) -> Synthesizer:
        async def start() -> Synthesizer:
            return load_synthesizer(settings, persona)

        return await self._get("voice", settings.tts, start, lambda synthesizer: synthesizer.close())

    async def _get(
        self,
        name: str,
        made_for: object,
        load: Callable[[], Awaitable[T]],
        unload: Callable[[T], Awaitable[None]],
    ) -> T:
        """Return what is called ``name``; load it unless it is loaded for the same settings."""
        found = self._loaded.get(name)
        if found and (found.made_for != made_for or _has_failed(found.load)):
            await self._discard(name)
            found = None
        if found is None:
            found = self._loaded[name] = _Loaded(made_for, asyncio.ensure_future(_as_coroutine(load())), unload)
        return await asyncio.shield(found.load)

    async def _discard(self, name: str) -> None:
        found = self._loaded.pop(name, None)
        if found is None:
            return
        await asyncio.wait([found.load])
        if not _has_failed(found.load):
            await found.unload(found.load.result())


def _is_ready(load: asyncio.Task[Any]) -> bool:
    return load.done() and not _has_failed(load)


def _has_failed(load: asyncio.Task[Any]) -> bool:
    return load.done() and (load.cancelled() or load.exception() is not None)


async def _as_coroutine(loading: Awaitable[Any]) -> Any:
    return await loading
