"""Chooses how many threads decode.

A token of a small model is hundreds of operations of a few microseconds each, and all threads synchronize after every
one. On free cores each thread makes that faster; with as many threads as cores, one busy process elsewhere makes it
two to five times slower than with one thread less (docs/measurements/language-model.md). Which case applies changes
from second to second, and only the time of a token shows it.

::

    few ── TRIAL_TOKENS tokens, to time a token there ───────> max
     ^                                                         |
     +── two tokens in a row a third slower, or one far <──────+
         slower: for the next RETRY_AFTER_TOKENS tokens,
         or until the next reply starts
"""

TRIAL_TOKENS = 4
"""Tokens with few threads before the first try with all."""

RETRY_AFTER_TOKENS = 48
"""Tokens with few threads after a failed try; one slow token in so many costs a few percent."""

_SLOW_RATIO = 1.33
"""A busy process elsewhere doubles the time of a token; single outliers occur with any number of threads."""

_VERY_SLOW_RATIO = 3.0
_BASELINE_GROWTH = 1.02
"""Growth per token of the best time with few threads, so that one fast outlier does not count for ever."""


class ThreadGovernor:
    """Chooses the number of threads for each next token. Belongs to the engine's thread.

    Args:
        max_threads: threads on an otherwise idle machine.
        adaptive: False to always use ``max_threads``.
        trial: steps (tokens, or batches of them) with few threads before the first try with all.
        retry_after: steps with few threads after a failed try.

    Attributes:
        threads: for the next step.
    """

    def __init__(
        self,
        max_threads: int,
        adaptive: bool = True,
        trial: int = TRIAL_TOKENS,
        retry_after: int = RETRY_AFTER_TOKENS,
    ) -> None:
        self._most = max_threads
        self._few = max(1, max_threads - 1) if adaptive else max_threads
        self._patience = retry_after
        self._left = trial
        self._few_ms = float("inf")
        self._slow_before = False
        self.threads = self._few

    def retry_all_threads(self) -> None:
        """Try all threads at the next step: a new reply starts, and the other load may be over."""
        if self._few_ms < float("inf"):
            self.threads, self._slow_before = self._most, False

    def record(self, ms: float) -> None:
        """Record that a token, or each token of a batch, took ``ms`` milliseconds with ``threads``."""
        if self._few == self._most:
            return
        if self.threads == self._few:
            self._few_ms = min(self._few_ms * _BASELINE_GROWTH, ms)
            self._left -= 1
            if self._left <= 0:
                self.threads = self._most
            return
        slow = ms > _SLOW_RATIO * self._few_ms
        if ms > _VERY_SLOW_RATIO * self._few_ms or (slow and self._slow_before):
            self.threads, self._left = self._few, self._patience
        self._slow_before = slow
