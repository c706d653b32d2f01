import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicemate.config.schema import LlmSettings
from voicemate.llm.llama.llama import Llama
from voicemate.personas.persona import ExampleExchange, Persona, Sampling


@pytest.fixture(scope="session")
def juniper() -> Persona:
    return Persona(
        name="Juniper",
        description="A warm, curious gardener who lives by the sea with her cat Basil.",
        greeting="Hello, dear! What's on your mind today?",
        examples=(ExampleExchange(user="Who are you?", character="I'm Juniper, dear. I keep a garden by the sea."),),
        sampling=Sampling(temperature=0.6, min_p=0.1, max_tokens=48),
    )


@pytest.fixture(scope="session")
def llama(smollm2: Path) -> Iterator[Llama]:
    """One loaded model for all tests that leave it as good as new, which is what it promises."""
    loaded = asyncio.run(Llama.load(smollm2, LlmSettings(threads=1, context=1024)))
    yield loaded
    loaded.close()


@pytest.fixture
def small_llama(smollm2: Path) -> Iterator[Llama]:
    """A model with the smallest context there is."""
    loaded = asyncio.run(Llama.load(smollm2, LlmSettings(threads=1, context=512)))
    yield loaded
    loaded.close()
