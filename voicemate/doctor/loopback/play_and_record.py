"""Plays one sound and records what the microphone hears meanwhile."""

import asyncio
from dataclasses import dataclass

import numpy as np

from voicemate.audio.interfaces import Microphone, Speaker
from voicemate.core.pcm import AudioClip, Pcm


@dataclass(frozen=True, slots=True)
class RecordingWindow:
    """What is recorded around the sound, in samples of the clock.

    Attributes:
        before: a device that was just opened says nothing or clicks, and takes a while to its own level.
        after: the latest echo that is waited for, and its end.
        longest: of all of it; a loudspeaker that breaks meanwhile is not waited for longer.
    """

    before: int
    after: int
    max_length: int


async def play_and_record(
    microphone: Microphone, speaker: Speaker, clip: AudioClip, around: RecordingWindow
) -> tuple[Pcm, Pcm]:
    """The microphone's sound and the loudspeaker's over the same stretch of the clock, both 16 kHz mono.

    Args:
        microphone, loudspeaker: open, and nobody else's meanwhile.

    Raises:
        AudioError: a device broke and could not be opened again.
    """
    speaker.wake()
    near: list[Pcm] = []
    far: list[Pcm] = []
    heard, silent_since = 0, None
    async for block in microphone.blocks():
        near.append(block.pcm)
        far.append(speaker.aec_reference(block.at, block.end))
        played = heard >= around.before
        heard += len(block.pcm)
        if not played and heard >= around.before:
            speaker.play(clip)
        elif played and silent_since is None and speaker.idle():
            silent_since = heard
        if heard >= around.max_length or (silent_since is not None and heard - silent_since >= around.after):
            break
        await asyncio.sleep(0)  # the simulated room never waits
    return np.concatenate(near), np.concatenate(far)
