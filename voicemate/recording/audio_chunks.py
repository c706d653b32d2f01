"""Sound on tape: half a second at a time, 16 kHz mono, 16 bits, compressed without loss (FLAC).

While a conversation is recorded the microphone's samples are rounded to 16 bits *before* anybody hears them, so that
the recording holds exactly what was heard.
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

_LONGEST = 60 * CLOCK_HZ
"""Samples of a chunk; more is no recording of ours."""


class ChunkEncoding(IntEnum):
    SILENCE = 0  # nothing follows
    FLAC = 1
    SAME_AS_MICROPHONE = 2  # as the microphone's chunk at the same place; nothing follows


def to_int16(pcm: Pcm) -> Samples:
    """``pcm`` in 16 bits; what is out of range is clipped, what is no number is silence."""
    scaled = np.rint(np.clip(np.nan_to_num(pcm, nan=0.0), -1, 1) * _FULL_SCALE)
    return np.minimum(scaled, _FULL_SCALE - 1).astype(np.int16)


def to_pcm(samples: Samples) -> Pcm:
    """The inverse of ``rounded``, exactly."""
    return np.multiply(samples, 1 / _FULL_SCALE, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Some compressed sound.

    Attributes:
        at: clock position of its first sample.
        length: samples.
        coding: of ``data``.
    """

    at: int
    length: int
    encoding: ChunkEncoding
    data: bytes = b""

    @property
    def end(self) -> int:
        return self.at + self.length

    def pack(self) -> bytes:
        return _HEAD.pack(self.at, self.length, self.encoding) + self.data

    @classmethod
    def unpack(cls, payload: bytes) -> "AudioChunk":
        """Raises DecodeError when ``payload`` is no chunk."""
        try:
            at, length, coding = _HEAD.unpack_from(payload)
            chunk = cls(at, length, ChunkEncoding(coding), payload[_HEAD.size :])
        except (struct.error, ValueError):
            raise DecodeError("a piece of sound has no beginning") from None
        if length > _LONGEST:
            raise DecodeError("a piece of sound is too long")
        return chunk

    def samples(self) -> Samples:
        """The sound; of a chunk that is the ``SAME`` as another, ask that.

        Raises:
            DecodeError: it is no FLAC, or of another length.
        """
        if self.encoding is ChunkEncoding.SILENCE:
            return np.zeros(self.length, dtype=np.int16)
        try:
            with soundfile.SoundFile(io.BytesIO(self.data)) as file:
                if (file.frames, file.channels) != (self.length, 1):
                    raise DecodeError("a piece of sound has another length")
                return np.asarray(file.read(dtype="int16"), dtype=np.int16)
        except soundfile.LibsndfileError:
            raise DecodeError("a piece of sound is no FLAC") from None


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Sound without a gap; ``at`` is the clock position of its first sample."""

    at: int
    samples: Samples

    @property
    def end(self) -> int:
        return self.at + len(self.samples)

    def between(self, began: int, ended: int) -> Samples:
        return self.samples[max(0, began - self.at) : max(0, ended - self.at)]

    def contains(self, other: "SampleRun") -> bool:
        """Whether ``other`` is a part of this."""
        return np.array_equal(self.between(other.at, other.end), other.samples) and other.at >= self.at


def compress(stretch: SampleRun) -> AudioChunk:
    at, samples = stretch.at, stretch.samples
    if not samples.any():
        return AudioChunk(at, len(samples), ChunkEncoding.SILENCE)
    file = io.BytesIO()
    soundfile.write(file, samples, CLOCK_HZ, format="FLAC", subtype="PCM_16")
    return AudioChunk(at, len(samples), ChunkEncoding.FLAC, file.getvalue())


class SampleBuffer:
    """Sound that comes in pieces, until it is taken. Pieces that follow on each other become one stretch."""

    def __init__(self) -> None:
        self._pieces: list[SampleRun] = []
        self.length = 0

    def add(self, at: int, samples: Samples) -> None:
        self._pieces.append(SampleRun(at, samples))
        self.length += len(samples)

    def take(self) -> list[SampleRun]:
        """All of it, and forget it."""
        taken = list(join_adjacent(self._pieces))
        self._pieces, self.length = [], 0
        return taken


def join_adjacent(pieces: list[SampleRun]) -> Iterator[SampleRun]:
    """``pieces``, those that follow on each other in one."""
    following: list[SampleRun] = []
    for piece in pieces:
        if following and following[-1].end != piece.at:
            yield SampleRun(following[0].at, np.concatenate([one.samples for one in following]))
            following = []
        following.append(piece)
    if following:
        yield SampleRun(following[0].at, np.concatenate([one.samples for one in following]))
