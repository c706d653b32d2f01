"""The character's side of the dialogue: what it remembers, and what it thinks of next."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from voicemate.errors import ModelError
from voicemate.hearing.endpoint import without_closing
from voicemate.personas.persona import Persona
from voicemate.thinking.context import Context
from voicemate.thinking.mind import Mind
from voicemate.thinking.prompt import Remembered


class Dialogue:
    """A persona, its model, and what was said and heard so far. Lives on the conversation's loop.

    Args:
        persona: who answers.
        mind: the language model.
        context: chooses what of the past the model sees.
        seed: of the conversation; each turn's replies are drawn with a seed of their own, so that a reply does not
            depend on how often it was prepared in vain before.
    """

    def __init__(self, persona: Persona, mind: Mind, context: Context, seed: int):
        self.persona = persona
        self._mind = mind
        self._context = context
        self._seed = seed
        self._past: list[Remembered] = []
        self._warming: asyncio.Task[None] | None = None

    async def think(self, words: str, turn: int) -> AsyncGenerator[str]:
        """The reply to ``words`` as it is decoded.

        When it is complete, the model goes on in idle time: it reads what it has said, and when the context is full
        rolls it, while the reply is still being spoken.

        Raises:
            ModelError: the model failed.
        """
        self._stop_warming()
        said = ""
        messages = self._context.fit(self._past, words)
        async with aclosing(self._mind.reply(messages, self.persona.sampling, self._seed + turn)) as pieces:
            async for piece in pieces:
                said += piece
                yield piece
        said_now = [*self._past, Remembered(words, said.strip())]
        self._warming = asyncio.create_task(self._warm(said_now), name="warm")

    async def read(self, words: str) -> None:
        """Have the model read what the person has said so far, in the middle of their turn.

        Raises:
            ModelError: the model failed.
        """
        self._stop_warming()
        await self._mind.warm(self._context.fit(self._past, words))

    async def completeness(self, words: str) -> float:
        """How probable it is that ``words`` are a whole message, 0 to 1; see ``Mind.completeness``.

        Raises:
            ModelError: the model failed.
        """
        self._stop_warming()
        messages = self._context.fit(self._past, words)
        said = messages[-1].content
        closing = said[len(without_closing(said)) :]
        return await self._mind.completeness(messages, closing, self._context.opening)

    def remember(self, words: str, heard: str) -> None:
        """The turn is over: ``words`` were said to the character, ``heard`` was heard of its reply."""
        self._past.append(Remembered(words, heard))

    async def get_ready(self) -> None:
        """Read the persona, so that the first reply starts at once."""
        await self._mind.warm(self._context.fit(self._past))

    async def rest(self) -> None:
        """Stop what goes on in idle time; returns when the model is free."""
        warming = self._warming
        self._stop_warming()
        if warming is not None:
            await asyncio.wait([warming])

    async def _warm(self, past: list[Remembered]) -> None:
        with suppress(ModelError):  # the next reply meets it again, and tells
            await self._mind.warm(self._context.fit(past))

    def _stop_warming(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            self._warming = None
