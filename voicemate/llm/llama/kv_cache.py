"""Which tokens the model's KV cache holds, and how it is brought to others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voicemate.core.worker_thread import Cancellation
from voicemate.llm.llama.prefix import Batching, common_prefix, plan_evaluation


class KvBackend(Protocol):
    """The part of llama.cpp that the cache is kept by; see ``Native``."""

    def append(self, tokens: list[int], scored: int | None) -> None: ...

    def truncate(self, length: int) -> bool: ...

    def clear(self) -> None: ...

    def peek(self, length: int, tokens: Sequence[int]) -> None: ...

    def state_size(self) -> int: ...

    def state(self) -> bytes: ...

    def restore(self, state: bytes | memoryview) -> bool: ...


@dataclass(frozen=True, slots=True)
class KvSnapshot:
    """What a cache held.

    Attributes:
        tokens: of a prompt.
        state: the model's, having read them.
    """

    tokens: tuple[int, ...]
    state: bytes


class KvCache:
    """Keeps a list of the tokens that the native cache holds, and evaluates only what is missing.

    It keeps prompts only. What a reply appends with ``push``, token by token, is dropped at the next call and comes
    back as a part of that prompt, so that the cache depends on its tokens alone (see ``prefix``). The conversation
    warms it while the reply is being spoken, so nobody waits for that.

    Attributes:
        evaluated: tokens evaluated so far.
    """

    def __init__(self, native: KvBackend, batching: Batching) -> None:
        self._native = native
        self._batching = batching
        self._tokens: list[int] = []
        self._prompt_length = 0
        self._can_truncate = True
        self._logits_valid = False  # the logits after the last token, nobody having used them
        self.evaluated_tokens = 0

    def evaluate(self, tokens: Sequence[int], stop: Cancellation, *, need_logits: bool = False) -> bool:
        """Make the cache hold ``wanted``, all but some last tokens of it; nothing else stays in it.

        Args:
            to_the_end: the last tokens too; the model's logits are those after the last one then.

        Returns:
            False when it was asked to stop on the way.
        """
        at_hand, self._logits_valid = self._logits_valid, False
        if need_logits and at_hand and self._tokens == list(tokens):
            return True
        return self._evaluate(tokens, stop, need_logits, None, lambda: None)

    def evaluate_with_probe(
        self, tokens: Sequence[int], probe_at: int, on_probe: Callable[[], None], stop: Cancellation
    ) -> bool:
        """The same to the end of ``wanted``, with a ``look`` at the model's logits after its token ``at`` on the way.

        A call of ``bring_to`` for the same tokens that follows costs nothing.

        Args:
            at: must be one that ``prefix.can_look_at``.
        """
        self._logits_valid = self._evaluate(tokens, stop, True, probe_at, on_probe)
        return self._logits_valid

    def peek(self, tokens: Sequence[int]) -> bool:
        """Have the model's logits be those after ``wanted``; what the cache holds stays.

        Returns:
            False, and nothing was done, when more than a batch of them is missing in the cache.
        """
        length = min(common_prefix(self._tokens, tokens), len(tokens) - 1)
        if len(tokens) - length > self._batching.max_batch:
            return False
        self._logits_valid = False
        self._native.peek(length, tokens[length:])
        self.evaluated_tokens += len(tokens) - length
        return True

    def append_reply_token(self, token: int) -> None:
        """Evaluate one token of a reply."""
        self._append([token], scored=0)

    def state(self) -> bytes:
        """What ``restore`` needs to bring any cache of this model to the tokens it holds now."""
        return self._native.state()

    def snapshot(self, max_bytes: int) -> KvSnapshot | None:
        """What it holds of a prompt; None when that is nothing, or its state has more than ``most_bytes``."""
        self._truncate(self._prompt_length)
        if not self._tokens or self._native.state_size() > max_bytes:
            return None
        return KvSnapshot(tuple(self._tokens), self._native.state())

    def restore(self, tokens: Sequence[int], state: bytes | memoryview) -> bool:
        """Make the cache hold ``tokens`` by a ``state`` taken when it did. False, and empty, when it does not fit."""
        restored = self._native.restore(state)
        self._assume(tokens if restored else ())
        return restored

    def _assume(self, tokens: Sequence[int]) -> None:
        self._tokens = list(tokens)
        self._prompt_length = len(tokens)
        self._logits_valid = False

    def _clear(self) -> None:
        self._native.clear()
        self._assume(())

    def _evaluate(
        self, wanted: Sequence[int], stop: Cancellation, to_the_end: bool, at: int | None, look: Callable[[], None]
    ) -> bool:
        usable = self._tokens[: self._prompt_length] if self._can_truncate else self._tokens
        work = plan_evaluation(
            usable, wanted, self._batching, need_logits=to_the_end, can_truncate=self._can_truncate, probe_at=at
        )
        if not self._truncate(work.keep):
            work = plan_evaluation((), wanted, self._batching, need_logits=to_the_end, probe_at=at)
        last = len(wanted) - 1 if to_the_end else None
        for start, end in work.batches:
            if stop.cancelled:
                return False
            scored = next((token for token in (at, last) if token is not None and start <= token < end), None)
            self._append(wanted[start:end], None if scored is None else scored - start)
            self._prompt_length = len(self._tokens)
            if scored is not None and scored == at:
                look()
        return True

    def _append(self, tokens: Sequence[int], scored: int | None) -> None:
        try:
            self._native.append(list(tokens), scored)
        except BaseException:
            self._clear()
            raise
        self._tokens += tokens
        self.evaluated_tokens += len(tokens)

    def _truncate(self, length: int) -> bool:
        """Drop all tokens behind the first ``length``; False when the model cannot, and everything was dropped.

        Whether a model can is not written in its file in a way to rely on, so it is found out here.
        """
        if length == len(self._tokens):
            return True
        if self._can_truncate and length and not self._native.truncate(length):
            self._can_truncate = False
        if not self._can_truncate or not length:
            self._clear()
            return not length
        del self._tokens[length:]
        self._prompt_length = min(self._prompt_length, length)
        return True
