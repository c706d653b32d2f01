"""What of the microphone reaches the ears: the person, and not the character.

While the character speaks its echo is taken out. Where nobody may interrupt by voice, all sound is replaced by
silence, and for a while after. A muted microphone gives nothing at all, and where only the key is listened to,
nothing without it.
"""

from dataclasses import replace

import numpy as np

from voicemate.audio.aec.canceller import EchoCanceller
from voicemate.audio.interfaces import BLOCK_SAMPLES, Block, Speaker
from voicemate.core.events import FloorState
from voicemate.core.pcm import Pcm, to_samples

_ECHO_TAIL = to_samples(250)
"""After the character's last sample the room still rings and the microphone's own buffer still holds it."""

_LONG_QUIET = to_samples(2_000)
"""Longer than any device's latency: what was played then has left it."""

_SILENCE = np.zeros(BLOCK_SAMPLES, dtype=np.float32)


class MicGate:
    """Belongs to the conversation's thread; gets every block, in order.

    Args:
        echo: takes the character's voice out.
        loudspeaker: knows what the character's voice was.
        by_voice: the character can be interrupted by voice.
        hands_free: the person is heard without a key, too.

    Attributes:
        muted: nothing is heard.
        explained: the character's own echo explains what was heard last.
    """

    def __init__(self, echo: EchoCanceller, loudspeaker: Speaker, by_voice: bool = True, hands_free: bool = True):
        self.muted = False
        self.echo_only = False
        self._echo = echo
        self._loudspeaker = loudspeaker
        self._by_voice = by_voice
        self._hands_free = hands_free
        self._silenced_until = 0
        self._quiet = 0  # samples for which the loudspeaker has had nothing to play

    def process(self, block: Block, state: FloorState) -> Block:
        """``block`` as the ears may hear it while the floor is in ``state``."""
        cleaned = self._echo.process(block, self._aec_reference(block))
        self.echo_only = cleaned.explained_by_echo
        if state is FloorState.SPEAKING and not self._by_voice:
            self._silenced_until = block.end + _ECHO_TAIL
        without_key = not self._hands_free and state is not FloorState.HEARING
        deaf = self.muted or without_key or block.end <= self._silenced_until
        if deaf:
            return replace(cleaned.block, pcm=np.zeros_like(block.pcm))
        return cleaned.block

    def _aec_reference(self, block: Block) -> Pcm:
        """What left the loudspeaker while ``block`` was heard. While nothing has for long, nobody need look."""
        self._quiet = self._quiet + len(block.pcm) if self._loudspeaker.idle() else 0
        if self._quiet > _LONG_QUIET:
            return _SILENCE
        lead = self._echo.reference_lead
        return self._loudspeaker.aec_reference(block.at + lead, block.end + lead)
