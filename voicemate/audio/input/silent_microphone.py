"""A microphone that delivers silence, for a conversation that is only typed."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block, HealthListener
from voicemate.core.clock import SampleClock


class SilentMicrophone:
    """Delivers blocks of zeros, each when its last sample would have been in the air. Never fails.

    Args:
        clock: the conversation's.
    """

    def __init__(self, clock: SampleClock) -> None:
        self._clock = clock
        self._open = False
        self._at = 0

    @property
    def name(self) -> str:
        """See ``Microphone.name``."""
        return "silence"

    def add_health_listener(self, listener: HealthListener) -> None:
        """See ``Microphone.add_health_listener``."""

    async def open(self) -> None:
        """See ``Microphone.open``."""
        self._open = True
        self._at = max(self._at, self._clock.now())

    async def blocks(self) -> AsyncIterator[Block]:
        """See ``Microphone.blocks``."""
        while self._open:
            time = self._clock.time_of(self._at + BLOCK_SAMPLES)
            await asyncio.sleep(max(0.0, time - self._clock.time()))
            if self._open:
                block = Block(self._at, np.zeros(BLOCK_SAMPLES, dtype=np.float32))
                self._at = block.end
                yield block

    def set_grouping(self, grouped: bool) -> None:
        """Do nothing: groups would save nothing here."""

    async def close(self) -> None:
        """See ``Microphone.close``."""
        self._open = False
