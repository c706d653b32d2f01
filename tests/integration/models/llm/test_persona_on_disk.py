from pathlib import Path

import pytest

from voicemate.config.schema import LlmSettings
from voicemate.llm.base import Message
from voicemate.llm.llama.llama import Llama
from voicemate.llm.prompt import opening_messages
from voicemate.personas.persona import Sampling

pytestmark = pytest.mark.models
SETTINGS = LlmSettings(threads=1, context=512)


async def first_words(smollm2: Path, folder: Path, juniper, settings: LlmSettings = SETTINGS) -> tuple[int, str]:
    """Tokens evaluated to read the persona at a start, and the first reply after it."""
    llama = await Llama.load(smollm2, settings, folder)
    await llama.prefill_persona(opening_messages(juniper))
    evaluated = llama.evaluated_tokens
    messages = [*opening_messages(juniper), Message("user", "Hello.")]
    reply = "".join([piece async for piece in llama.reply(messages, Sampling(max_tokens=12), 1)])
    llama.close()
    return evaluated, reply


async def test_the_second_start_reads_no_persona_and_speaks_the_same_words(smollm2, tmp_path, juniper):
    first, words = await first_words(smollm2, tmp_path, juniper)
    assert first > 100
    assert await first_words(smollm2, tmp_path, juniper) == (0, words)
    larger = LlmSettings(threads=1, context=1024)
    assert await first_words(smollm2, tmp_path, juniper, larger) == (0, words)


async def test_a_state_that_does_not_fit_is_dropped_and_the_persona_read(smollm2, tmp_path, juniper, monkeypatch):
    monkeypatch.setattr("voicemate.llm.llama.prompt_cache.PromptCache.load", lambda *_: memoryview(b"no state" * 99))
    read, words = await first_words(smollm2, tmp_path, juniper)
    assert read > 100
    assert words
