"""The starter models are put to rest, and come back for the next word."""

from pathlib import Path

import psutil
import pytest

from voicemate.config import Settings
from voicemate.daemon.engine_shelf import EngineShelf
from voicemate.personas.persona import Persona

pytestmark = pytest.mark.real

SETTINGS = Settings.model_validate({"hearing": {"model": "whisper-tiny.en"}, "thinking": {"seed": 1}})
PERSONA = Persona(name="Pip", description="Pip answers in three words.")


async def test_at_rest_their_memory_is_free_and_the_character_remembers_afterwards(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, whisper_tiny: Path, smollm2: Path
) -> None:
    monkeypatch.setenv("VOICEMATE_MODELS", str(smollm2.parent))
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    shelf, process = EngineShelf(), psutil.Process()
    engines = await shelf.fit(SETTINGS, PERSONA)
    try:
        dialogue = engines.dialogue
        first = "".join([piece async for piece in dialogue.think("Who are you?", 1)])
        dialogue.remember("Who are you?", first)
        loaded = process.memory_info().rss
        await shelf.rest()
        freed = loaded - process.memory_info().rss
        assert freed > 0.5 * smollm2.stat().st_size

        assert await shelf.fit(SETTINGS, PERSONA) != engines, "another conversation begins while they rest"
        await shelf.awake()
        again = "".join([piece async for piece in dialogue.think("And what do you like?", 2)])
        assert again.strip()
    finally:
        await shelf.close()
