"""A floor with waits that are easy to count with."""

from voicemate.config.schema import BargeInSettings, PushToTalkSettings, TurnSettings
from voicemate.core.pcm import to_samples
from voicemate.turns.floor import Floor

ENDPOINT = TurnSettings(silence_ms=500, shortest_ms=500, longest_ms=500, broken_off_ms=1200, reply_wait_ms=0)
BARGE_IN = BargeInSettings(pause_after_ms=64, min_interruption_ms=700, false_cut_in_ms=1000)
PUSH_TO_TALK = PushToTalkSettings(tail_ms=200)


def ms(value: float) -> int:
    return to_samples(value)


def new_floor(reply_ms: int = 0) -> Floor:
    """Nobody has spoken yet."""
    return Floor(ENDPOINT.model_copy(update={"reply_wait_ms": reply_ms}), BARGE_IN, PUSH_TO_TALK)
