"""Audio in a recording: chunks of half a second, 16 kHz mono, 16 bits, compressed without loss (FLAC).

The microphone's samples are rounded to 16 bits before anything processes them, so a recording holds exactly what the
conversation used.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import soundfile
from numpy.typing import NDArray

from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.recording.codec import DecodeError

Samples = NDArray[np.int16]

_HEAD = struct.Struct("<qIB")
_FULL_SCALE = 32_768

_MAX_SAMPLES = 60 * CLOCK_HZ
"""Samples of a chunk; a longer one is damage."""


class ChunkEncoding(IntEnum):
    """How a chunk's data is encoded."""

    SILENCE = 0  # no data
    FLAC = 1
    SAME_AS_MICROPHONE = 2  # equal to the microphone's audio at the same position; no data


def to_int16(pcm: Pcm) -> Samples:
    """Round ``pcm`` to 16 bits; clip what is out of range, and replace NaN by silence."""
    scaled = np.rint(np.clip(np.nan_to_num(pcm, nan=0.0), -1, 1) * _FULL_SCALE)
    return np.minimum(scaled, _FULL_SCALE - 1).astype(np.int16)


def to_pcm(samples: Samples) -> Pcm:
    """Return the exact inverse of ``to_int16``."""
    return np.multiply(samples, 1 / _FULL_SCALE, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Compressed audio.

    Attributes:
        at: clock position of its first sample.
        length: in samples.
        encoding: of ``data``.
    """

    at: int
    length: int
    encoding: ChunkEncoding
    data: bytes = b""

    @property
    def end(self) -> int:
        """Clock position after its last sample."""
        return self.at + self.length

    def pack(self) -> bytes:
        """Return the payload of its record."""
        return _HEAD.pack(self.at, self.length, self.encoding) + self.data

    @classmethod
    def unpack(cls, payload: bytes) -> "AudioChunk":
        """Parse a payload. Raises DecodeError when it is not a chunk."""
        try:
            at, length, encoding = _HEAD.unpack_from(payload)
            chunk = cls(at, length, ChunkEncoding(encoding), payload[_HEAD.size :])
        except (struct.error, ValueError):
            raise DecodeError("an audio chunk has no header") from None
        if length > _MAX_SAMPLES:
            raise DecodeError("an audio chunk is too long")
        return chunk

    def samples(self) -> Samples:
        """Decode the audio; not for ``SAME_AS_MICROPHONE``, which has none of its own.

        Raises:
            DecodeError: the data is not FLAC, or has another length.
        """
        if self.encoding is ChunkEncoding.SILENCE:
            return np.zeros(self.length, dtype=np.int16)
        try:
            with soundfile.SoundFile(io.BytesIO(self.data)) as file:
                if (file.frames, file.channels) != (self.length, 1):
                    raise DecodeError("an audio chunk has another length")
                return np.asarray(file.read(dtype="int16"), dtype=np.int16)
        except soundfile.LibsndfileError:
            raise DecodeError("an audio chunk is not FLAC") from None


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Audio without a gap; ``at`` is the clock position of its first sample."""

    at: int
    samples: Samples

    @property
    def end(self) -> int:
        """Clock position after its last sample."""
        return self.at + len(self.samples)

    def between(self, begin: int, end: int) -> Samples:
        """Return the part from clock position ``begin`` to ``end`` that it has."""
        return self.samples[max(0, begin - self.at) : max(0, end - self.at)]

    def contains(self, other: "SampleRun") -> bool:
        """Return whether ``other`` is a part of this run."""
        return np.array_equal(self.between(other.at, other.end), other.samples) and other.at >= self.at


def compress(run: SampleRun) -> AudioChunk:
    """Return ``run`` as a chunk."""
    if not run.samples.any():
        return AudioChunk(run.at, len(run.samples), ChunkEncoding.SILENCE)
    file = io.BytesIO()
    soundfile.write(file, run.samples, CLOCK_HZ, format="FLAC", subtype="PCM_16")
    return AudioChunk(run.at, len(run.samples), ChunkEncoding.FLAC, file.getvalue())


class SampleBuffer:
    """Collects audio in pieces until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[SampleRun] = []
        self.length = 0

    def add(self, at: int, samples: Samples) -> None:
        """Append ``samples``, which begin at clock position ``at``."""
        self._pieces.append(SampleRun(at, samples))
        self.length += len(samples)

    def take(self) -> list[SampleRun]:
        """Remove and return all of it; adjacent pieces are joined."""
        taken = list(join_adjacent(self._pieces))
        self._pieces, self.length = [], 0
        return taken


def join_adjacent(runs: list[SampleRun]) -> Iterator[SampleRun]:
    """Yield ``runs``, joining each to the one before it if there is no gap between them."""
    adjacent: list[SampleRun] = []
    for run in runs:
        if adjacent and adjacent[-1].end != run.at:
            yield SampleRun(adjacent[0].at, np.concatenate([one.samples for one in adjacent]))
            adjacent = []
        adjacent.append(run)
    if adjacent:
        yield SampleRun(adjacent[0].at, np.concatenate([one.samples for one in adjacent]))
