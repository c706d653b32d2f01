"""The protocol of a language model that answers in a conversation."""

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
    """Streams replies. The messages are the truth; the KV cache is only a cache of their longest known prefix.

    So nothing ever has to be undone in it: when the next messages differ (a reply was rolled back, or only half of
    it was heard), the differing tail is dropped and the rest is used again.
    """

    def reply(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> AsyncGenerator[str]:
        """Pieces of the reply to ``messages`` (the last one is the user's), as they are decoded.

        Closing the iterator, or cancelling the task that reads it, stops at the next token or prefill batch.
        The same messages, sampling and seed give the same reply.
        """
        ...

    async def prefill(self, messages: Sequence[Message]) -> None:
        """Bring the KV cache up to ``messages`` in idle time, so that the next reply starts at once.

        The messages may end anywhere: after the persona's, after a reply, or inside the user's open turn.
        """
        ...

    async def completeness(
        self, messages: Sequence[Message], trailing_marks: str = "", opening: Sequence[Message] = ()
    ) -> float:
        """How probable it is that the user's turn, the last message, is a whole one: 0 to 1.

        Args:
            closing: what that message ends with and is not to be judged by: its closing marks.
            opening: the persona's messages. Given these, a message that seems open after what was said before is
                looked at once more as the first one of a conversation, and the better of both counts: "half an hour"
                is whole as an answer only, "lock the front door" is less so after talk of the weather.
        """
        ...

    def close(self) -> None: ...
