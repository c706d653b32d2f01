"""Chooses what goes into the model's context: always the persona, the newest exchanges, and the user's words."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from voicemate.core.errors import PersonaError
from voicemate.llm.base import Message
from voicemate.llm.prompt import Exchange, history_messages, opening_messages
from voicemate.personas.persona import Persona


class ContextWindow:
    """Chooses the messages of each prompt so that they never exceed the context.

    The persona's messages always stay. When the conversation outgrows the context, its oldest exchanges are dropped
    in one step, so many that the rest fills half of the room. The prompts of many turns after that start with the
    same tokens, and the KV cache is reused from turn to turn; dropping one exchange at a time would change all that
    follows it, and so the whole prompt, at every turn.

    Without words of the user, ``fit`` keeps room free for them. So the step falls after a reply, while it is still
    being spoken and ``LanguageModel.prefill`` has time, and not while the user waits. Used from the asyncio loop.

    Args:
        persona: whose messages come first.
        context_size: tokens of the model's context.
        count_tokens: returns the tokens of the prompt for some messages; see ``Llama.count_tokens``.

    Raises:
        PersonaError: the persona's description and greeting alone fill the context.
    """

    def __init__(self, persona: Persona, context_size: int, count_tokens: Callable[[Sequence[Message]], int]) -> None:
        self._count = count_tokens
        self._start = 0
        self._prompt_tokens = context_size - min(persona.sampling.max_tokens, context_size // 3)
        self._reserved_tokens = min(128, context_size // 8)
        self._opening = self._choose_opening(persona, context_size)

    @property
    def opening(self) -> list[Message]:
        """The persona's messages, with which every prompt starts.

        They include the persona's first examples, as many as half of the context holds: every exchange they
        displace is forgotten earlier.
        """
        return list(self._opening)

    def fit(self, history: Sequence[Exchange], user_text: str = "") -> list[Message]:
        """Return the messages of the prompt.

        Args:
            history: all exchanges of the conversation, oldest first. With more exchanges than in the last call the
                messages are the same and more, except at the step described above.
            user_text: the user's current turn, complete or so far; empty before it. A text that alone exceeds the
                context loses its middle.
        """
        self._start = min(self._start, len(history))
        user_text = self._shorten(user_text)
        room = self._prompt_tokens if user_text else self._prompt_tokens - self._reserved_tokens
        if not self._fits(history, self._start, user_text, room):
            self._drop_oldest(history, user_text, room)
        return self._messages(history, self._start, user_text)

    def _drop_oldest(self, history: Sequence[Exchange], words: str, room: int) -> None:
        fixed = self._count(self._messages(history, len(history), words))
        goal = fixed + (room - fixed) // 2
        later = range(self._start + 1, len(history) + 1)
        start = later.start + bisect_left(later, True, key=lambda at: self._fits(history, at, words, goal))
        start = min(start, len(history))
        # One long exchange may be all that fits; the latest exchange is worth more than free room.
        if start == len(history) > self._start + 1 and self._fits(history, start - 1, words, room):
            start -= 1
        self._start = start

    def _messages(self, history: Sequence[Exchange], start: int, words: str) -> list[Message]:
        return [*self._opening, *history_messages(history[start:], words)]

    def _fits(self, history: Sequence[Exchange], start: int, words: str, room: int) -> bool:
        return self._count(self._messages(history, start, words)) <= room

    def _shorten(self, words: str) -> str:
        """Return ``words``, or as much of their start and end as fits: the subject, and the question."""
        if not words or self._fits((), 0, words, self._prompt_tokens):
            return words
        spaced = len(words.split()) * 20 > len(words)  # Chinese, Japanese and Thai have no spaces between words
        units, glue = (words.split(), " ") if spaced else (list(words), "")

        def keep(count: int) -> str:
            head = count // 4
            return glue.join([*units[:head], "…", *units[len(units) - (count - head) :]])

        too_many = bisect_left(
            range(1, len(units)), True, key=lambda count: not self._fits((), 0, keep(count), self._prompt_tokens)
        )
        return keep(max(1, too_many))

    def _choose_opening(self, persona: Persona, size: int) -> list[Message]:
        needed = 0
        for examples in range(len(persona.examples), -1, -1):
            messages = opening_messages(persona, examples)
            needed = self._count(messages)
            if needed <= size // 2 or (examples == 0 and needed <= self._prompt_tokens - self._reserved_tokens):
                return messages
        raise PersonaError(
            f"The persona {persona.name} takes {needed} tokens; a context of {size} tokens has room for"
            f" {self._prompt_tokens - self._reserved_tokens} beside a reply and the next words",
            "Shorten its description and greeting, or set llm.context to more",
        )
