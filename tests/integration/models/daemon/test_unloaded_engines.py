"""The starter models are put to rest, and come back for the next word."""

import shutil
from pathlib import Path

import psutil
import pytest

from voicemate.config.schema import LlmSettings, Settings
from voicemate.daemon.engines.engine_pool import EnginePool
from voicemate.daemon.engines.unloadable import UnloadableLlama
from voicemate.llm.base import Message
from voicemate.llm.llama.llama import Llama
from voicemate.personas.persona import Persona, Sampling

pytestmark = pytest.mark.models

SETTINGS = Settings.model_validate({"stt": {"model": "whisper-tiny.en"}, "llm": {"seed": 1}})
PERSONA = Persona(name="Pip", description="Pip answers in three words.")


async def test_at_rest_their_memory_is_free_and_the_character_remembers_afterwards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whisper_tiny: Path, smollm2: Path
) -> None:
    monkeypatch.setenv("VOICEMATE_MODELS", str(smollm2.parent))
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    shelf, process = EnginePool(), psutil.Process()
    engines = await shelf.load(SETTINGS, PERSONA)
    try:
        dialogue = engines.chat_history
        first = "".join([piece async for piece in dialogue.reply_to("Who are you?", 1)])
        dialogue.add_exchange("Who are you?", first)
        loaded = process.memory_info().rss
        await shelf.unload()
        freed = loaded - process.memory_info().rss
        assert freed > 0.5 * smollm2.stat().st_size

        assert await shelf.load(SETTINGS, PERSONA) != engines, "another conversation begins while they rest"
        await shelf.reload()
        again = "".join([piece async for piece in dialogue.reply_to("And what do you like?", 2)])
        assert again.strip()
    finally:
        await shelf.close()


CONVERSATION = [
    Message("system", "You are Pip."),
    Message("user", "My cat is called Otto, and he sleeps all day."),
    Message("assistant", "That sounds like a happy cat."),
]
QUESTION = Message("user", "What do cats like?")
THINKING = LlmSettings(threads=1, context=512)


async def answer(mind: UnloadableLlama) -> str:
    return "".join([piece async for piece in mind.reply([*CONVERSATION, QUESTION], Sampling(max_tokens=12), 1)])


async def evaluated(mind: UnloadableLlama) -> int:
    return (await mind.loaded()).evaluated_tokens


async def test_what_was_said_before_the_rest_need_not_be_read_again(smollm2: Path) -> None:
    mind = UnloadableLlama(await Llama.load(smollm2, THINKING), lambda: Llama.load(smollm2, THINKING))
    try:
        await mind.prefill(CONVERSATION)
        read = await evaluated(mind)
        expected = await answer(mind)
        await mind.prefill(CONVERSATION)
        await mind.save_state()
        await mind.unload()
        assert await evaluated(mind) == 0
        assert await answer(mind) == expected
        assert await evaluated(mind) < read
    finally:
        mind.close()


async def test_what_is_too_much_to_be_kept_is_read_again(smollm2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicemate.daemon.engines.unloadable._MAX_SAVED_BYTES", 1000)
    mind = UnloadableLlama(await Llama.load(smollm2, THINKING), lambda: Llama.load(smollm2, THINKING))
    try:
        await mind.prefill_persona(CONVERSATION[:1])
        await mind.prefill(CONVERSATION)
        expected = await answer(mind)
        await mind.save_state()
        await mind.unload()
        assert await evaluated(mind) > 0
        assert await answer(mind) == expected
    finally:
        mind.close()


async def test_another_model_file_does_not_go_on_from_it(smollm2: Path, tmp_path: Path) -> None:
    first = await Llama.load(smollm2, THINKING)
    copied = tmp_path / "copy.gguf"
    shutil.copyfile(smollm2, copied)
    second = await Llama.load(copied, THINKING)
    try:
        await first.prefill(CONVERSATION)
        read = await first.snapshot(2**30)
        assert read
        assert not await second.restore(read)
        assert await second.snapshot(2**30) is None, "it has read nothing"
    finally:
        first.close()
        second.close()
