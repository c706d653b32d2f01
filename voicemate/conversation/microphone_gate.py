"""What of the microphone reaches the ears: the person, and not the character.

While the character speaks its echo is taken out, and sound that this echo explains is replaced by silence. Where
nobody may interrupt by voice, all sound is, and for a while after. A muted microphone gives nothing at all, and where
only the key is listened to, nothing without it.
"""

from dataclasses import replace

import numpy as np

from voicemate.audio.echo import EchoCanceller
from voicemate.audio.ports import Block, Loudspeaker
from voicemate.events import FloorState
from voicemate.sound import samples

_DEAF_TAIL = samples(250)
"""After the character's last sample the room still rings and the microphone's own buffer still holds it."""


class MicrophoneGate:
    """Belongs to the conversation's thread; gets every block, in order.

    Args:
        echo: takes the character's voice out.
        loudspeaker: knows what the character's voice was.
        by_voice: the character can be interrupted by voice.
        hands_free: the person is heard without a key, too.

    Attributes:
        muted: nothing is heard.
    """

    def __init__(self, echo: EchoCanceller, loudspeaker: Loudspeaker, by_voice: bool = True, hands_free: bool = True):
        self.muted = False
        self._echo = echo
        self._loudspeaker = loudspeaker
        self._by_voice = by_voice
        self._hands_free = hands_free
        self._deaf_until = 0

    def pass_on(self, block: Block, state: FloorState) -> Block:
        """``block`` as the ears may hear it while the floor is in ``state``."""
        speaking = state is FloorState.SPEAKING
        lead = self._echo.lead
        cleaned = self._echo.process(block, self._loudspeaker.far(block.at + lead, block.end + lead))
        if speaking and not self._by_voice:
            self._deaf_until = block.end + _DEAF_TAIL
        without_key = not self._hands_free and state is not FloorState.HEARING
        deaf = self.muted or without_key or block.end <= self._deaf_until
        if deaf or (speaking and cleaned.explained):
            return replace(cleaned.block, pcm=np.zeros_like(block.pcm))
        return cleaned.block
