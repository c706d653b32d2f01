"""How soon work on a reply begins: at the first short pause, or only when the pause lasts.

Work at a pause that the person ends by going on is thrown away. That is cheap where power comes from the wall and
some of it is used; on battery, or with a person who pauses in every sentence, it is not.
"""

from collections import deque

from voicemate.config.schema import SpeculationSettings

_REMEMBERED = 20
"""Preparations that are looked back on."""

_ENOUGH = 8
"""So many before anything is concluded."""

_POOR = 0.3
"""Share of preparations that were used, below which most work is in vain."""


class SpeculationPolicy:
    """Learns from what became of the work. Pure.

    Args:
        settings: whether to learn at all, and how long a pause must last for careful work.
    """

    def __init__(self, settings: SpeculationSettings) -> None:
        self._settings = settings
        self._used: deque[bool] = deque(maxlen=_REMEMBERED)
        self.on_battery = False

    def record_outcome(self, used: bool) -> None:
        """What was prepared was committed, or dropped since the person went on."""
        self._used.append(used)

    @property
    def careful(self) -> bool:
        """Work ahead costs more than it brings."""
        if self._settings.when == "always":
            return False
        poor = len(self._used) >= _ENOUGH and sum(self._used) < _POOR * len(self._used)
        return self.on_battery or poor

    @property
    def pause_ms(self) -> int:
        """The silence after which work begins; 0 for as soon as there is a pause."""
        return self._settings.careful_pause_ms if self.careful else 0
