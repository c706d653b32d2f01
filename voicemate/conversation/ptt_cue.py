"""The sound that says "speak now": it comes when the microphone really hears, and not before.

A microphone that was closed takes some tenths of a second to open, delivers silence first, or is refused and delivers
nothing but zeros. Whoever begins to speak at the key loses words; whoever waits for this sound loses none.
"""

from collections.abc import Callable

import numpy as np

from voicemate.audio.interfaces import Block, Speaker
from voicemate.core.events import Event, MicrophoneLive
from voicemate.core.pcm import AudioClip, Pcm

_RATE = 48_000
_DBFS = -24.0
_TONE_MS = 35
_LOW_HZ, _HIGH_HZ = 660.0, 880.0


def _tones(*hertz: float) -> AudioClip:
    """Short soft tones, one after the other."""
    n = _RATE * _TONE_MS // 1000
    swell = np.sin(np.pi * np.arange(n) / n) ** 2
    level = 10 ** (_DBFS / 20) * np.sqrt(2)
    tones: list[Pcm] = [
        (level * swell * np.sin(2 * np.pi * pitch * np.arange(n) / _RATE)).astype(np.float32) for pitch in hertz
    ]
    return AudioClip(np.concatenate(tones), _RATE)


BEGIN_TONE, END_TONE = _tones(_LOW_HZ, _HIGH_HZ), _tones(_HIGH_HZ, _LOW_HZ)
"""Upwards when it begins, downwards when it ends; 70 ms each, short enough not to delay a reply."""


class PttCue:
    """Belongs to the conversation's thread.

    Args:
        loudspeaker: plays it.
        emit: takes ``MicrophoneLive``.
        begin, end: play a sound when the microphone hears, and when the key comes up after that.
    """

    def __init__(self, loudspeaker: Speaker, emit: Callable[[Event], None], begin: bool = False, end: bool = False):
        self._loudspeaker = loudspeaker
        self._emit = emit
        self._begin = begin
        self._end = end
        self._pressed_at: int | None = None  # and nothing was heard since
        self._live = False

    def on_press(self, at: int) -> None:
        """The key went down at clock position ``at``."""
        self._pressed_at, self._live = at, False

    def on_block(self, block: Block) -> None:
        """What the microphone delivers; zeros are what is filled in for one that delivers nothing."""
        if self._pressed_at is None or block.end <= self._pressed_at or not block.pcm.any():
            return
        self._pressed_at, self._live = None, True
        self._emit(MicrophoneLive(block.end))
        if self._begin:
            self._loudspeaker.play(BEGIN_TONE)

    def on_release(self) -> None:
        """The key came up."""
        self._pressed_at = None
        if self._live and self._end:
            self._loudspeaker.play(END_TONE)
        self._live = False
