"""Plays a clip while recording the microphone."""

import asyncio
from dataclasses import dataclass

import numpy as np

from voicemate.audio.interfaces import Microphone, Speaker
from voicemate.core.pcm import AudioClip, Pcm


@dataclass(frozen=True, slots=True)
class RecordingWindow:
    """What is recorded around the clip, in samples of the sample clock.

    Attributes:
        before: the time before the clip. A device that was just opened is silent or clicks at first.
        after: the time after the clip, for the latest echo and its end.
        max_length: of the whole recording, in case the speaker breaks.
    """

    before: int
    after: int
    max_length: int


async def play_and_record(
    microphone: Microphone, speaker: Speaker, clip: AudioClip, window: RecordingWindow
) -> tuple[Pcm, Pcm]:
    """Play ``clip``; returns the microphone's and the speaker's sound of the same period, both 16 kHz mono.

    Args:
        microphone: open, and not used by anything else.
        speaker: the same.
        clip: what to play.
        window: what to record.

    Raises:
        AudioError: a device broke and could not be opened again.
    """
    speaker.wake()
    near: list[Pcm] = []
    far: list[Pcm] = []
    recorded, silent_since = 0, None
    async for block in microphone.blocks():
        near.append(block.pcm)
        far.append(speaker.aec_reference(block.at, block.end))
        started = recorded >= window.before
        recorded += len(block.pcm)
        if not started and recorded >= window.before:
            speaker.play(clip)
        elif started and silent_since is None and speaker.idle():
            silent_since = recorded
        if recorded >= window.max_length or (silent_since is not None and recorded - silent_since >= window.after):
            break
        await asyncio.sleep(0)  # the simulated room never suspends
    return np.concatenate(near), np.concatenate(far)
