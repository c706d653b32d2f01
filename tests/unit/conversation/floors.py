"""A floor with waits that are easy to count with."""

from voicemate.config import BargeInSettings, EndpointSettings, PushToTalkSettings
from voicemate.conversation.floor import Floor
from voicemate.sound import samples

ENDPOINT = EndpointSettings(silence_ms=500, shortest_ms=500, longest_ms=500, hold_on_ms=1200, reply_ms=0)
BARGE_IN = BargeInSettings(hold_ms=64, bid_ms=700, take_back_ms=1000)
PUSH_TO_TALK = PushToTalkSettings(tail_ms=200)


def ms(value: float) -> int:
    return samples(value)


def new_floor(reply_ms: int = 0) -> Floor:
    """Nobody has spoken yet."""
    return Floor(ENDPOINT.model_copy(update={"reply_ms": reply_ms}), BARGE_IN, PUSH_TO_TALK)
