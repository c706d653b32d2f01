"""How soon this machine has a reply ready, so that no turn ends long before anything can be said.

::

    person     ~~~~~~~~
    engines            hear, think, speak | ready
    the rule            shortest | ...... | the turn ends

While nothing is ready, a turn that has ended brings nobody an answer, and cuts in on whoever goes on just then. Where
the engines are quick, ``endpoint.shortest_ms`` is all there is to wait for.
"""

from dataclasses import dataclass
from math import ceil

from voicemate.audio.ports import BLOCK_MS

_REMEMBERED = 10
"""Replies that are looked back on: the machine may be busy with something else in an hour."""

_SHARE = 0.7
"""Of them, how many were ready by then. A higher share would follow the few whose words were heard twice."""


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

    @property
    def usual_ms(self) -> float | None:
        """Seven of ten replies are ready in the block that begins then, or before; None before the first.

        Turns end with a block. When that is the one in which the reply becomes ready, nothing has waited for it.
        """
        if not self.ready_ms:
            return None
        usual = sorted(self.ready_ms)[ceil(_SHARE * len(self.ready_ms)) - 1]
        return usual - usual % BLOCK_MS
