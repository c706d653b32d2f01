"""How many threads decode: as many as help.

A token of a small model is hundreds of operations of some microseconds each, after every one of which all threads
wait for each other. On free cores each thread makes that quicker; with as many threads as cores, one busy process
elsewhere makes it slower than a thread less would be, by two to five times
(docs/measurements/language-model.md). Which of both it is changes from second to second, and only the time a token
takes tells.

::

    few ── a few tokens, to know what a token costs there ──> most
     ^                                                         |
     +── two tokens in a row that cost a third more, or <──────+
         one that costs far more; for the next PATIENCE tokens,
         or until the next reply begins
"""

TRIAL_TOKENS = 4
"""Tokens with few threads before the first try with most."""

RETRY_AFTER_TOKENS = 48
"""Tokens with few threads after a failed try: one slow token in so many costs a few percent."""

_SLOW_RATIO = 1.33
"""Single tokens now and then cost more than they should, whatever their threads; a busy neighbour doubles them."""

_VERY_SLOW_RATIO = 3.0
_BASELINE_GROWTH = 1.02
"""Growth of the cost remembered for few threads, a token, so that one lucky token does not count for ever."""


class ThreadGovernor:
    """Chooses the number of threads of each next token. Pure; belongs to the engine's thread.

    Args:
        most: threads on a machine that does nothing else.
        governed: False to keep to ``most``.
        trial: steps (tokens, or batches of them) with few threads before the first try with most.
        patience: steps with few threads after a failed try.
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
        """Something new begins: whatever was in the way may be over, so the next step tries most threads."""
        if self._few_ms < float("inf"):
            self.threads, self._slow_before = self._most, False

    def record(self, ms: float) -> None:
        """A token, or each of a batch, took ``ms`` milliseconds with ``threads``."""
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
