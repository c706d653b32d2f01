"""Where the time of one turn went, as the history and the trace keep it."""

from dataclasses import dataclass

from voicemate.events import TurnTimed


@dataclass(frozen=True, slots=True)
class Timing:
    """The latency of a turn in milliseconds; the fields mean what they mean in ``events.TurnTimed``."""

    gap_ms: float
    endpoint_ms: float
    hearing_ms: float
    thinking_ms: float
    speaking_ms: float
    ready: bool

    @classmethod
    def of(cls, event: TurnTimed) -> "Timing":
        return cls(event.gap, event.endpoint, event.hearing, event.thinking, event.speaking, event.ready)
