from contextlib import aclosing

import pytest

from voicemate.llm.base import Message
from voicemate.llm.context_window import ContextWindow
from voicemate.llm.llama.llama import Llama
from voicemate.llm.prompt import Exchange
from voicemate.personas.persona import Persona

pytestmark = pytest.mark.models
QUESTIONS = ("How are you?", "And the roses?", "Tell me about Basil.", "Really?", "Do you like rain?")


async def first_words(llama: Llama, messages: list[Message], persona: Persona, seed: int) -> str:
    """What an impatient person hears of a reply before they interrupt it."""
    heard = ""
    async with aclosing(llama.reply(messages, persona.sampling, seed)) as reply:
        async for piece in reply:
            heard += piece
            if len(heard) > 8:
                break
    return heard.strip()


async def test_sixty_turns_in_the_smallest_context_never_fail_and_keep_the_persona(small_llama, juniper):
    context = ContextWindow(juniper, small_llama.context_size, small_llama.count_tokens)
    history: list[Exchange] = []
    persona = context.opening
    prefills: list[int] = []
    rolls = 0
    await small_llama.prefill(persona)
    for turn in range(60):
        question = QUESTIONS[turn % len(QUESTIONS)]
        messages = context.fit(history, question)
        assert messages[: len(persona)] == persona

        before = small_llama.evaluated_tokens
        await small_llama.prefill(messages)
        prefills.append(small_llama.evaluated_tokens - before)
        heard = await first_words(small_llama, messages, juniper, turn)
        assert heard

        history.append(Exchange(question, heard))
        idle = context.fit(history)
        rolls += len(idle) <= len(messages)
        await small_llama.prefill(idle)
    assert rolls >= 5
    assert max(prefills) <= 24, "when the user speaks, their own words should be all that is left to evaluate"
