"""Whether this machine is quick enough for quick ends of turns.

::

    person     ~~~~~~~~
    engines            hear, think, speak ......... | ready
    the rule            shortest_ms ... unready_ms  | the turn ends

Where many replies take longer than ``endpoint.unready_ms``, nobody expects one much sooner, and a turn that ends
before cuts in on whoever pauses for half a second. So no turn ends sooner there. A large whisper on two cores is
slow; on a GPU the same one is quick, and ``endpoint.shortest_ms`` is all there is to wait for.
"""

from dataclasses import dataclass

_REMEMBERED = 20
"""Replies that are looked back on: the machine may be busy with something else in an hour."""

_ENOUGH = 4
"""So many before anything is concluded: the first ones of a conversation may be slow."""

_MANY = 0.25
"""Of them, how many must have taken longer. On two cores 8 of 22 took longer than 0.6 s with whisper-base, and 2
or 3 of 24 with tiny.en (``benchmarks/gap.py``)."""


@dataclass(frozen=True, slots=True)
class ReplyTime:
    """What is known of the latest replies. Immutable: each reply gives a new one.

    Attributes:
        ready_ms: from the person's last sample to the first sound that was ready, held or not; oldest first.
    """

    ready_ms: tuple[float, ...] = ()

    def after(self, ready_ms: float) -> "ReplyTime":
        """What is known after one more reply."""
        return ReplyTime((*self.ready_ms, ready_ms)[-_REMEMBERED:])

    def often_over(self, ms: float) -> bool:
        """Many of the latest replies were not ready after ``ms``."""
        late = sum(ready > ms for ready in self.ready_ms)
        return len(self.ready_ms) >= _ENOUGH and late >= _MANY * len(self.ready_ms)
