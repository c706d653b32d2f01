"""Tracks which tokens the model's KV cache holds, and evaluates only what is missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voicemate.core.worker_thread import Cancellation
from voicemate.llm.llama.prefix import Batching, common_prefix, plan_evaluation


class KvBackend(Protocol):
    """The native cache; ``LlamaContext`` is one, and documents the methods. Belongs to the engine's thread."""

    def append(self, tokens: list[int], scored: int | None) -> None:
        """Evaluate ``tokens`` after those in the cache; see ``LlamaContext.append``."""
        ...

    def truncate(self, length: int) -> bool:
        """Drop all tokens after the first ``length``; return False if the model cannot."""
        ...

    def clear(self) -> None:
        """Drop all tokens."""
        ...

    def peek(self, length: int, tokens: Sequence[int]) -> None:
        """Compute the logits after some tokens on a side sequence."""
        ...

    def state_size(self) -> int:
        """Return the bytes of ``state``."""
        ...

    def state(self) -> bytes:
        """Return the contents of the cache."""
        ...

    def restore(self, state: bytes | memoryview) -> bool:
        """Load contents; return False, and be empty, if they do not fit."""
        ...


@dataclass(frozen=True, slots=True)
class KvSnapshot:
    """The contents of a cache.

    Attributes:
        tokens: of a prompt.
        state: of the native cache after these tokens, in llama.cpp's format.
    """

    tokens: tuple[int, ...]
    state: bytes


class KvCache:
    """The tokens that the native cache holds. Belongs to the engine's thread.

    It keeps prompts only. The tokens that a reply adds with ``append_reply_token`` are dropped at the next call and
    come back as a part of that prompt, so that the cache depends on its tokens alone (see ``prefix``). The
    conversation prefills while the reply is being spoken, so this adds no delay.

    Attributes:
        evaluated_tokens: tokens evaluated so far.
    """

    def __init__(self, native: KvBackend, batching: Batching) -> None:
        self._native = native
        self._batching = batching
        self._tokens: list[int] = []
        self._prompt_length = 0
        self._can_truncate = True
        self._logits_valid = False  # the logits are those after the last token, and unused
        self.evaluated_tokens = 0

    def evaluate(self, tokens: Sequence[int], stop: Cancellation, *, need_logits: bool = False) -> bool:
        """Make the cache hold ``tokens``, except a few at the end; nothing else stays in it.

        Args:
            tokens: of a prompt.
            stop: checked before each batch.
            need_logits: evaluate all tokens; the model's logits are then those after the last one.

        Returns:
            False when it was stopped on the way.
        """
        at_hand, self._logits_valid = self._logits_valid, False
        if need_logits and at_hand and self._tokens == list(tokens):
            return True
        return self._evaluate(tokens, stop, need_logits, None, lambda: None)

    def evaluate_with_probe(
        self, tokens: Sequence[int], probe_at: int, on_probe: Callable[[], None], stop: Cancellation
    ) -> bool:
        """Evaluate all ``tokens``, and call ``on_probe`` when the logits are those after the token ``probe_at``.

        A following call of ``evaluate`` for the same tokens costs nothing.

        Args:
            tokens: of a prompt.
            probe_at: an index that ``prefix.can_probe_at`` allows.
            on_probe: called on this thread, between two batches.
            stop: checked before each batch.

        Returns:
            False when it was stopped on the way.
        """
        self._logits_valid = self._evaluate(tokens, stop, True, probe_at, on_probe)
        return self._logits_valid

    def peek(self, tokens: Sequence[int]) -> bool:
        """Compute the logits after ``tokens`` without changing what the cache holds.

        Returns:
            False, and nothing was done, when the cache lacks more than one batch of them.
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
        """Return the native state, with which ``restore`` makes another cache of this model hold the same tokens."""
        return self._native.state()

    def snapshot(self, max_bytes: int) -> KvSnapshot | None:
        """Return the prompt that it holds; None without one, or when the state exceeds ``max_bytes``."""
        self._truncate(self._prompt_length)
        if not self._tokens or self._native.state_size() > max_bytes:
            return None
        return KvSnapshot(tuple(self._tokens), self._native.state())

    def restore(self, tokens: Sequence[int], state: bytes | memoryview) -> bool:
        """Make the cache hold ``tokens`` from their ``state``. Return False, and be empty, when it does not fit."""
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
        """Drop all tokens after the first ``length``. Return False when the model cannot, and all were dropped.

        No reliable entry in a model's file says whether it can, so the first attempt finds out.
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
