"""A recording heard as the microphone is heard: block by block, one utterance after the other."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.conversation.recognizer import Recognition, SpeechRecognizer
from voicemate.core.pcm import Pcm, to_samples
from voicemate.vad.state_machine import VoicePaused, VoiceResumed, VoiceStarted


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was understood between two silences.

    Attributes:
        began, ended: clock positions of the voice's first and last sample.
    """

    began: int
    ended: int
    understood: Recognition


async def utterances(listener: SpeechRecognizer, pcm: Pcm, silence_ms: float) -> AsyncIterator[Utterance]:
    """The utterances in ``pcm``, also those that hold no words.

    Args:
        listener: in the middle of no utterance; what it hears follows on what it heard before.
        pcm: 16 kHz mono of any length.
        silence_ms: how long a silence ends an utterance.

    Raises:
        ModelError: whisper failed.
    """
    began, ended = listener.position, None
    for block in _blocks(pcm, listener.position, to_samples(silence_ms + 1000)):
        for event in listener.push(block):
            match event:
                case VoiceStarted():
                    began = event.began
                case VoicePaused():
                    ended = event.ended
                case VoiceResumed():
                    ended = None
        if ended is not None and block.end - ended >= to_samples(silence_ms) and not listener.voice_on:
            yield Utterance(began, ended, await listener.recognize())
            listener.close()
            ended = None


def _blocks(pcm: Pcm, at: int, silence: int) -> Iterator[Block]:
    """``pcm`` and the silence behind it, in which its last utterance ends."""
    sound = np.concatenate([pcm, np.zeros(silence, dtype=np.float32)])
    for start in range(0, len(sound) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        yield Block(at + start, sound[start : start + BLOCK_SAMPLES])
