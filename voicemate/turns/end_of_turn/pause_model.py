"""How long this person pauses before going on.

::

    person     ~~~~~~~~ p ~~~~~~~ p ~~~~~~~~~~ P ~~~~~~~~          ~~~~~~~~
    character                                                 ~~~~~~        ~~~~~
                        1         1            2              3

Learned from pauses that the person ended by going on: (1) those the rule waited through, and (2) those in which the
character cut in falsely, or would have (the reply was taken back). At a true end (3) nobody knows how long the
silence would have lasted; but the person was done and waited for nothing, so a habit fades from turn to turn.

The estimate is a high quantile of those pauses that forgets slowly (a stochastic approximation after Robbins and
Monro, 1951). LiveKit's dynamic endpointing learns from the same two kinds of pauses, by an exponential mean.
"""

from dataclasses import dataclass

_LONG_MS = 250.0
"""Shorter pauses are articulation and not hesitation: everybody has them."""


@dataclass(frozen=True, slots=True)
class PauseModel:
    """What is known of one person. Immutable: each pause gives a new one.

    Attributes:
        pauses: how many were learned from.
        typical_ms: four of five of this person's pauses are shorter; 0 when none is known.
    """

    pauses: int = 0
    typical_ms: float = 0.0

    def after_pause(self, pause_ms: float, false_cut_in: bool = False) -> "PauseModel":
        """What is known after one more pause that the person ended by going on.

        Args:
            pause_ms: its length, from the last sample before it to the first after it.
            cut_in: the character took the floor in it, which is the dearer mistake and counts three times.
        """
        if pause_ms < _LONG_MS:
            return self
        typical = self.typical_ms or pause_ms
        for _ in range(3 if false_cut_in else 1):
            # Balanced when one pause in five is longer.
            typical += (0.2 * (pause_ms - typical)) if pause_ms > typical else 0.05 * (pause_ms - typical)
        return PauseModel(self.pauses + 1, typical)

    def after_turn(self) -> "PauseModel":
        """What is left of it after a turn that was really over: half, so that a turn of long pauses does not make the
        character slow for the rest of the day."""
        return PauseModel(self.pauses, self.typical_ms / 2 if self.typical_ms >= 2 * _LONG_MS else 0.0)
