"""The silences that end a turn where the settings leave them open, by how fast speech recognition is."""

import sys
from pathlib import Path

from voicemate.config.schema import EndpointDelays, Settings

FAST_STT_DELAYS = EndpointDelays(shortest_ms=350, unsure_ms=550)
"""Milliseconds, for a speech recognition that takes less than the shortest silence."""

SLOW_STT_DELAYS = EndpointDelays(shortest_ms=600, unsure_ms=1_050)
"""Milliseconds, for a slower one. See docs/measurements/end-of-turn.md."""


def is_slow_stt(model: str) -> bool:
    """Whether ``model`` takes longer than the shortest silence: any Whisper but the tiny ones, without a GPU."""
    return sys.platform != "darwin" and "tiny" not in Path(model).name


def with_defaults_resolved(settings: Settings) -> Settings:
    """Return ``settings`` with the silences that suit its model and this machine where 0 asks for that."""
    delays = SLOW_STT_DELAYS if is_slow_stt(settings.stt.model) else FAST_STT_DELAYS
    return settings.with_defaults_resolved(delays)
