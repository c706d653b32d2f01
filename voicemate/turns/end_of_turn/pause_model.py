"""How long this person pauses before continuing.

::

    person     ~~~~~~~~ p ~~~~~~~ p ~~~~~~~~~~ P ~~~~~~~~          ~~~~~~~~
    character                                                 ~~~~~~        ~~~~~
                        1         1            2              3

Learned from pauses after which the person continued: (1) those the rule waited through, and (2) those with a false
cut-in, where the reply was retracted. At a true end (3) the length of the pause is unknown; but the wait was in vain,
so the estimate decays from turn to turn.

The estimate is a high quantile of those pauses that forgets slowly (a stochastic approximation after Robbins and
Monro, 1951). LiveKit's dynamic endpointing learns from the same two kinds of pauses, by an exponential mean.
"""

from dataclasses import dataclass

_LONG_MS = 250.0
"""Shorter pauses are articulation, not hesitation."""


@dataclass(frozen=True, slots=True)
class PauseModel:
    """The pause statistics of one person. Immutable: each pause returns a new model.

    Attributes:
        pauses: the number of pauses observed.
        typical_ms: the 80th percentile of this person's pauses; 0 before the first.
    """

    pauses: int = 0
    typical_ms: float = 0.0

    def after_pause(self, pause_ms: float, false_cut_in: bool = False) -> "PauseModel":
        """Return the model after one more pause, after which the person continued.

        Args:
            pause_ms: its length, from the last sample before it to the first after it.
            false_cut_in: the character took the floor during it, which counts three times.
        """
        if pause_ms < _LONG_MS:
            return self
        typical = self.typical_ms or pause_ms
        for _ in range(3 if false_cut_in else 1):
            # Balanced when one pause in five is longer.
            typical += (0.2 * (pause_ms - typical)) if pause_ms > typical else 0.05 * (pause_ms - typical)
        return PauseModel(self.pauses + 1, typical)

    def after_turn(self) -> "PauseModel":
        """Return the model after a turn that really ended.

        The estimate halves, so that one turn of long pauses does not slow the character for the rest of the day.
        """
        return PauseModel(self.pauses, self.typical_ms / 2 if self.typical_ms >= 2 * _LONG_MS else 0.0)
