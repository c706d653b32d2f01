"""What fits into the model's context: the persona always, the newest exchanges, and the user's words."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from voicemate.core.errors import PersonaError
from voicemate.llm.base import Message
from voicemate.llm.prompt import Exchange, history_messages, opening_messages
from voicemate.personas.persona import Persona


class ContextWindow:
    """Chooses the messages of each prompt so that they never exceed the context.

    The persona's messages stay for good. When the conversation outgrows the context, its oldest exchanges leave in
    one step, so many that those that stay fill half of the room. Every prompt after that begins with the same
    tokens again, for many turns, and the KV cache is used from turn to turn; dropping one exchange at a time would
    change all that follows it, and so the whole prompt, at every turn.

    Room for the next words of the user is kept free whenever ``fit`` is asked without any. So the step is due after
    a reply, while it is still being spoken and ``Mind.warm`` has time for it, and not when the user waits.

    Args:
        persona: whose messages come first.
        size: tokens of the model's context.
        count: tokens of the prompt for some messages, as ``Llama.count_tokens`` gives them.

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
        """The persona's messages, with which every prompt begins.

        Of the persona's examples as many as half of the context has room for, the first ones: they are dear, since
        every exchange they cost is forgotten earlier.
        """
        return list(self._opening)

    def fit(self, history: Sequence[Exchange], user_text: str = "") -> list[Message]:
        """The messages of the prompt.

        Args:
            history: all exchanges of the conversation, the oldest first. A call with more exchanges than the last
                one gives the same messages and more, but for the step described above.
            words: what the user says now, whole or so far; empty before their turn. Words that alone exceed the
                context lose their middle.
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
        # One long exchange may be all there is room for; what was said last is worth more than free room.
        if start == len(history) > self._start + 1 and self._fits(history, start - 1, words, room):
            start -= 1
        self._start = start

    def _messages(self, history: Sequence[Exchange], start: int, words: str) -> list[Message]:
        return [*self._opening, *history_messages(history[start:], words)]

    def _fits(self, history: Sequence[Exchange], start: int, words: str, room: int) -> bool:
        return self._count(self._messages(history, start, words)) <= room

    def _shorten(self, words: str) -> str:
        """``words``, or as much of their beginning and end as fits: what it is about, and what is asked."""
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
