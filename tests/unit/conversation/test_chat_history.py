"""What the character remembers, and what the model reads ahead."""

import asyncio
from contextlib import aclosing

from voicemate.conversation.chat_history import ChatHistory
from voicemate.llm.context_window import ContextWindow
from voicemate.personas.persona import Persona
from voicemate.testing.scripted_engines import ScriptedLanguageModel as ScriptedLanguageModel

PERSONA = Persona(name="Echo", description="A test.")


def chat_history(llm: ScriptedLanguageModel) -> ChatHistory:
    return ChatHistory(PERSONA, llm, ContextWindow(PERSONA, 2048, llm.count_tokens), seed=1)


def prompt(llm: ScriptedLanguageModel) -> list[str]:
    """What was said in the latest prompt, without the persona."""
    return [message.content for message in llm.requests[-1] if message.role != "system"]


async def reply(chat: ChatHistory, words: str, turn_id: int = 1) -> str:
    async with aclosing(chat.reply_to(words, turn_id)) as pieces:
        return "".join([piece async for piece in pieces]).strip()


async def test_the_next_prompt_holds_what_was_heard_and_not_what_was_generated() -> None:
    llm = ScriptedLanguageModel({"hello": "Good morning to you."}, first_token_s=0, token_s=0)
    chat = chat_history(llm)
    assert await reply(chat, "hello") == "Good morning to you."
    chat.add_exchange("hello", "Good morning")
    await reply(chat, "and now?", 2)
    assert prompt(llm)[-3:] == ["hello", "Good morning", "and now?"]


async def test_a_reply_that_was_not_remembered_leaves_nothing() -> None:
    llm = ScriptedLanguageModel(first_token_s=0, token_s=0)
    chat = chat_history(llm)
    await reply(chat, "hello")
    await reply(chat, "hello there")
    assert prompt(llm)[-1] == "hello there"
    assert "hello" not in prompt(llm)


async def test_after_a_reply_the_model_reads_it_in_idle_time() -> None:
    llm = ScriptedLanguageModel({"hello": "Good morning."}, first_token_s=0, token_s=0)
    await reply(chat_history(llm), "hello")
    await asyncio.sleep(0)
    assert [message.content for message in llm.warmed[-1]][-2:] == ["hello", "Good morning."]


async def test_a_new_reply_stops_the_reading_ahead() -> None:
    llm = ScriptedLanguageModel(first_token_s=0, token_s=0)
    chat = chat_history(llm)
    await reply(chat, "hello")
    await reply(chat, "hello there")  # before the task of the first reply has run
    await chat.stop_prefill()
    assert len(llm.warmed) <= 1


async def test_a_turns_seed_does_not_depend_on_how_often_it_was_generated() -> None:
    seeds: list[int] = []

    class Noting(ScriptedLanguageModel):
        def reply(self, messages, sampling, seed):  # type: ignore[no-untyped-def, override]
            seeds.append(seed)
            return super().reply(messages, sampling, seed)

    chat = chat_history(Noting(first_token_s=0, token_s=0))
    for turn_id in (1, 1, 2):
        await reply(chat, "hello", turn_id)
    assert seeds[0] == seeds[1] != seeds[2]
