"""The character's side of the dialogue: what it remembers, and what it thinks of next."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from voicemate.core.errors import ModelError
from voicemate.llm.base import LanguageModel
from voicemate.llm.context_window import ContextWindow
from voicemate.llm.prompt import Exchange
from voicemate.personas.persona import Persona
from voicemate.turns.end_of_turn.lexical import without_closing


class ChatHistory:
    """A persona, its model, and what was said and heard so far. Lives on the conversation's loop.

    Args:
        persona: who answers.
        llm: the language model.
        context: chooses what of the past the model sees.
        seed: of the conversation; each turn's replies are drawn with a seed of their own, so that a reply does not
            depend on how often it was prepared in vain before.
    """

    def __init__(self, persona: Persona, llm: LanguageModel, context: ContextWindow, seed: int):
        self.persona = persona
        self._llm = llm
        self._context = context
        self._seed = seed
        self._exchanges: list[Exchange] = []
        self._prefilling: asyncio.Task[None] | None = None

    async def reply_to(self, words: str, turn: int) -> AsyncGenerator[str]:
        """The reply to ``words`` as it is decoded.

        When it is complete, the model goes on in idle time: it reads what it has said, and when the context is full
        rolls it, while the reply is still being spoken.

        Raises:
            ModelError: the model failed.
        """
        self._cancel_prefill()
        said = ""
        messages = self._context.fit(self._exchanges, words)
        async with aclosing(self._llm.reply(messages, self.persona.sampling, self._seed + turn)) as pieces:
            async for piece in pieces:
                said += piece
                yield piece
        said_now = [*self._exchanges, Exchange(words, said.strip())]
        self._prefilling = asyncio.create_task(self._prefill(said_now), name="warm")

    async def prefill(self, words: str) -> None:
        """Have the model read what the person has said so far, in the middle of their turn.

        Raises:
            ModelError: the model failed.
        """
        self._cancel_prefill()
        await self._llm.prefill(self._context.fit(self._exchanges, words))

    async def completeness(self, words: str) -> float:
        """How probable it is that ``words`` are a whole message, 0 to 1; see ``LanguageModel.completeness``.

        Raises:
            ModelError: the model failed.
        """
        self._cancel_prefill()
        messages = self._context.fit(self._exchanges, words)
        said = messages[-1].content
        closing = said[len(without_closing(said)) :]
        return await self._llm.completeness(messages, closing, self._context.opening)

    def add_exchange(self, words: str, heard: str) -> None:
        """The turn is over: ``words`` were said to the character, ``heard`` was heard of its reply."""
        self._exchanges.append(Exchange(words, heard))

    async def prefill_persona(self) -> None:
        """Read the persona, so that the first reply starts at once."""
        await self._llm.prefill(self._context.fit(self._exchanges))

    async def stop_prefill(self) -> None:
        """Stop what goes on in idle time; returns when the model is free."""
        warming = self._prefilling
        self._cancel_prefill()
        if warming is not None:
            await asyncio.wait([warming])

    async def _prefill(self, past: list[Exchange]) -> None:
        with suppress(ModelError):  # the next reply meets it again, and tells
            await self._llm.prefill(self._context.fit(past))

    def _cancel_prefill(self) -> None:
        if self._prefilling is not None:
            self._prefilling.cancel()
            self._prefilling = None
