"""Loads the engines of a conversation from settings: what hears, thinks and speaks."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from voicemate.config.schema import Settings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.cpu import engine_threads
from voicemate.core.errors import ModelError
from voicemate.core.paths import state_folder
from voicemate.llm.base import LanguageModel, Message
from voicemate.llm.context_window import ContextWindow
from voicemate.llm.llama.llama import Llama
from voicemate.models.catalog import ModelRole
from voicemate.models.resolve import SILERO, SMART_TURN, resolve, uses_smart_turn
from voicemate.personas.persona import Persona
from voicemate.stt.base import Transcriber
from voicemate.stt.whisper import Whisper
from voicemate.system import heap
from voicemate.tts.base import Synthesizer
from voicemate.tts.hibari import HibariSynthesizer
from voicemate.tts.pyttsx3.synthesizer import Pyttsx3Synthesizer
from voicemate.tts.voice_override import VoiceOverride
from voicemate.turns.end_of_turn.smart_turn import SmartTurn
from voicemate.vad.segmenter import SpeechSegmenter
from voicemate.vad.silero import SileroDetector


@asynccontextmanager
async def load_engines(settings: Settings, persona: Persona) -> AsyncIterator[Engines]:
    """Load everything that a spoken conversation needs, at the same time; free it at the end.

    Raises:
        ModelError: a model is missing or cannot be loaded.
        PersonaError: the persona does not fit the model's context.
    """
    heap.release_large_blocks_on_free()
    async with contextlib.AsyncExitStack() as closing:
        synthesizer = load_synthesizer(settings, persona)
        closing.push_async_callback(synthesizer.close)

        async def load_ears() -> SpeechRecognizer:
            listener, whisper = await asyncio.to_thread(load_recognizer, settings)
            closing.callback(whisper.close)
            return listener

        async with asyncio.TaskGroup() as loading:
            ears = loading.create_task(load_ears())
            mind = loading.create_task(closing.enter_async_context(load_chat(settings, persona)))
        detector = load_turn_detector(settings)
        if detector:
            closing.callback(detector.close)
        heap.release_memory()
        yield Engines(ears.result(), mind.result(), synthesizer, detector)


def load_recognizer(settings: Settings) -> tuple[SpeechRecognizer, Whisper]:
    """The hearing side alone, for a conversation or for sound files; whisper is the caller's to close.

    Blocks while whisper loads.

    Raises:
        ModelError: a model is missing or cannot be loaded.
    """
    whisper = load_whisper(settings)
    return make_recognizer(settings, whisper), whisper


def load_whisper(settings: Settings) -> Whisper:
    """Whisper alone; it is the caller's to close. Blocks while it loads.

    Raises:
        ModelError: the model is missing or cannot be loaded.
    """
    stt = settings.stt
    threads = engine_threads(stt.threads)
    return Whisper(resolve(stt.model, ModelRole.STT), threads, stt.audio_context)


def make_recognizer(settings: Settings, whisper: Transcriber) -> SpeechRecognizer:
    """Ears for one conversation, in front of ``whisper``.

    Raises:
        ModelError: the voice activity model is missing or cannot be loaded.
    """
    stt, vad = settings.stt, settings.vad
    activity = SileroDetector(resolve(SILERO, ModelRole.VAD), vad.gate)
    return SpeechRecognizer(SpeechSegmenter(activity, vad, stt.max_chunk_s), whisper, stt.language)


def load_turn_detector(settings: Settings) -> SmartTurn | None:
    """Smart Turn; None where it is not wanted, missing or broken, since a conversation does well without."""
    if not uses_smart_turn(settings):
        return None
    try:
        return SmartTurn(resolve(SMART_TURN, ModelRole.END_OF_TURN))
    except ModelError:
        return None


def load_synthesizer(settings: Settings, persona: Persona) -> Synthesizer:
    """The speaking side alone; it gets ready in the background.

    Raises:
        SpeechError: the engine is not installed.
    """
    tts = settings.tts
    system = Pyttsx3Synthesizer(tts, warm_up=persona.voice)
    engine = HibariSynthesizer(system) if tts.engine == "hibari" else system
    return VoiceOverride(engine, tts.voice) if tts.voice else engine


@asynccontextmanager
async def load_chat(settings: Settings, persona: Persona) -> AsyncIterator[ChatHistory]:
    """The thinking side alone, with the persona read; freed at the end.

    Raises:
        ModelError: the model is missing or cannot be loaded.
        PersonaError: the persona does not fit the model's context.
    """
    llama = await load_llama(settings)
    try:
        dialogue = await start_chat(settings, persona, llama)
        try:
            yield dialogue
        finally:
            await dialogue.stop_prefill()
    finally:
        llama.close()


async def load_llama(settings: Settings) -> Llama:
    """The language model without a character; it is the caller's to close.

    Raises:
        ModelError: the model is missing or cannot be loaded.
    """
    weights, prompts = resolve(settings.llm.model, ModelRole.LLM), state_folder() / "prompts"
    return await Llama.load(weights, settings.llm, prompts)


class LlamaPersona(LanguageModel, Protocol):
    """A language model that a character can be given to, as ``Llama`` is."""

    @property
    def context_size(self) -> int: ...

    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    async def prefill_persona(self, opening: Sequence[Message]) -> None: ...


async def start_chat(settings: Settings, persona: Persona, llama: LlamaPersona) -> ChatHistory:
    """``llama`` with ``persona`` read, ready for the first reply. The caller lets it rest before anything else.

    Raises:
        PersonaError: the persona does not fit the model's context.
    """
    context = ContextWindow(persona, llama.context_size, llama.count_tokens)
    await llama.prefill_persona(context.opening)
    dialogue = ChatHistory(persona, llama, context, _resolve_seed(settings))
    await dialogue.prefill_persona()
    return dialogue


def _resolve_seed(settings: Settings) -> int:
    return settings.llm.seed or secrets.randbits(31)


def with_seed(settings: Settings) -> Settings:
    """``settings`` with the seed that is drawn for this conversation, so that it can be told afterwards."""
    return settings.model_copy(update={"llm": settings.llm.model_copy(update={"seed": _resolve_seed(settings)})})
