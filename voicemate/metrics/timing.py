"""Where the time of one turn went, as the history and the trace keep it."""

from dataclasses import dataclass

from voicemate.core.events import TurnTimed


@dataclass(frozen=True, slots=True)
class Timing:
    """The latency of a turn in milliseconds; the fields mean what they mean in ``events.TurnTimed``."""

    gap_ms: float
    endpoint_ms: float
    stt_ms: float
    llm_ms: float
    tts_ms: float
    ready: bool

    @classmethod
    def from_event(cls, event: TurnTimed) -> "Timing":
        return cls(event.gap, event.endpoint, event.stt, event.llm, event.tts, event.ready)
