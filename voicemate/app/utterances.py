"""Recognizes a recording like the microphone: block by block, one utterance after another."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.conversation.recognizer import Recognition, SpeechRecognizer
from voicemate.core.pcm import Pcm, to_samples
from voicemate.vad.state_machine import VoicePaused, VoiceResumed, VoiceStarted


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance of a recording.

    Attributes:
        began, ended: clock positions of the voice's first and last sample.
    """

    began: int
    ended: int
    understood: Recognition


async def utterances(recognizer: SpeechRecognizer, pcm: Pcm, silence_ms: float) -> AsyncIterator[Utterance]:
    """Yield the utterances in ``pcm``, including those without words.

    Args:
        recognizer: not within an utterance; ``pcm`` continues its audio.
        pcm: 16 kHz mono of any length.
        silence_ms: the silence that ends an utterance.

    Raises:
        ModelError: whisper failed.
    """
    began, ended = recognizer.position, None
    for block in _blocks(pcm, recognizer.position, to_samples(silence_ms + 1000)):
        for event in recognizer.push(block):
            match event:
                case VoiceStarted():
                    began = event.began
                case VoicePaused():
                    ended = event.ended
                case VoiceResumed():
                    ended = None
        if ended is not None and block.end - ended >= to_samples(silence_ms) and not recognizer.voice_on:
            yield Utterance(began, ended, await recognizer.recognize())
            recognizer.close()
            ended = None


def _blocks(pcm: Pcm, at: int, silence: int) -> Iterator[Block]:
    """Yield the blocks of ``pcm`` and of a silence after it, in which its last utterance ends."""
    padded = np.concatenate([pcm, np.zeros(silence, dtype=np.float32)])
    for start in range(0, len(padded) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES):
        yield Block(at + start, padded[start : start + BLOCK_SAMPLES])
