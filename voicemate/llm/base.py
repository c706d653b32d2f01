"""The protocol of a language model that replies in a conversation."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from voicemate.personas.persona import Sampling

MessageRole = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation as the model's chat template sees it."""

    role: MessageRole
    content: str


class LanguageModel(Protocol):
    """Streams replies.

    The messages are the only state that counts; the KV cache holds their longest known prefix. So nothing has to be
    undone: when the next messages differ (a generation was discarded, or only half of the reply was heard), the
    differing tail is dropped and the rest is reused.

    All methods are called from one asyncio loop and never block it. Calls are queued: one runs at a time.
    """

    def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str]:
        """Yield the reply to ``messages`` in pieces of text, as they are decoded.

        Closing the iterator, or cancelling the task that reads it, stops at the next token or prefill batch.
        The same messages, sampling and seed give the same reply.

        Args:
            messages: the prompt; the last one is the user's.
            sampling: temperature and the like, and the most tokens of the reply.
            seed: of the sampler, 31 bits.

        Raises:
            ModelError: the prompt leaves no room for a reply, or the engine failed.
        """
        ...

    async def prefill(self, messages: Sequence[Message]) -> None:
        """Evaluate ``messages`` into the KV cache in idle time, so that the next reply starts at once.

        The messages may end anywhere: after the persona's, after a reply, or inside the user's open turn. Cancelling
        the awaiting task stops at the next batch; what is evaluated stays in the cache.

        Raises:
            ModelError: the messages do not fit the context, or the engine failed.
        """
        ...

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        """Return the probability, 0 to 1, that the user's turn, the last message, is complete.

        Args:
            messages: the prompt; the last one is the user's.
            trailing_marks: the punctuation that message ends with. It is left out of the judgement.
            opening: the persona's messages. With these, a message that seems incomplete in its context is also
                judged as the first one of a conversation, and the higher probability counts: "half an hour" is
                complete as an answer only, "lock the front door" is less so after talk of the weather.

        Raises:
            ModelError: the messages do not fit the context, or the engine failed.
        """
        ...

    def close(self) -> None:
        """Stop what runs and free the model. Blocks until the engine's thread has ended; may be called twice."""
        ...
