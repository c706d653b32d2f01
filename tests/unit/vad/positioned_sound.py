"""Sound that says where it was cut, and a script in place of the voice activity network."""

from dataclasses import dataclass, field

import numpy as np

from voicemate.audio.interfaces import BLOCK_SAMPLES, Block
from voicemate.core.pcm import Pcm, to_samples


@dataclass
class Script:
    """Says of each block what the script says, and silence when that is at its end."""

    probabilities: list[float] = field(default_factory=list)

    def probability(self, pcm: Pcm, dbfs: float, voice_on: bool) -> float:
        number = int(pcm[0]) // BLOCK_SAMPLES
        return self.probabilities[number] if number < len(self.probabilities) else 0.0


def block(number: int) -> Block:
    """Every sample is its own clock position."""
    at = number * BLOCK_SAMPLES
    return Block(at, np.arange(at, at + BLOCK_SAMPLES, dtype=np.float32))


def blocks(seconds: float) -> int:
    return to_samples(seconds * 1000) // BLOCK_SAMPLES


def voice(seconds: float) -> list[float]:
    return [0.9] * blocks(seconds)


def silence(seconds: float) -> list[float]:
    return [0.0] * blocks(seconds)
