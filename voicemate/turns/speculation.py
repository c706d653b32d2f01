"""When work on a reply begins: at the first short pause, or only after a longer one.

If the person resumes, the work is discarded. That is cheap on mains power while some of the work is used; on battery,
or with a person who pauses in every sentence, it is not.
"""

from collections import deque

from voicemate.config.schema import SpeculationSettings

_REMEMBERED = 20
"""The number of latest outcomes that count."""

_ENOUGH = 8
"""Outcomes needed before the share is judged."""

_POOR = 0.3
"""Share of used work below which the policy is careful."""


class SpeculationPolicy:
    """Decides from past outcomes how long a pause must be. Pure.

    Args:
        settings: whether to adapt at all, and the pause while careful.
    """

    def __init__(self, settings: SpeculationSettings) -> None:
        self._settings = settings
        self._used: deque[bool] = deque(maxlen=_REMEMBERED)
        self.on_battery = False

    def record_outcome(self, used: bool) -> None:
        """Record whether a speculative generation was used, or discarded because the person resumed."""
        self._used.append(used)

    @property
    def careful(self) -> bool:
        """Whether speculation currently costs more than it gains."""
        if self._settings.when == "always":
            return False
        poor = len(self._used) >= _ENOUGH and sum(self._used) < _POOR * len(self._used)
        return self.on_battery or poor

    @property
    def pause_ms(self) -> int:
        """The silence in ms after which work begins; 0 for the first pause."""
        return self._settings.careful_pause_ms if self.careful else 0
