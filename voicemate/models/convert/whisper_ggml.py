"""Reads whisper models in whisper.cpp's ggml format: the header, and whether a file is complete.

The layout is the one ``whisper_model_load`` in whisper.cpp reads: the magic number, eleven i32 parameters, the
mel filter bank, the vocabulary's tokens, and tensors to the end of the file. All numbers are little-endian.
"""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from voicemate.core.errors import ModelError
from voicemate.models.tensor_types import tensor_bytes

MAGIC = b"lmgg"
"""0x67676d6c ("ggml") as a little-endian number."""

MULTILINGUAL_TOKENS = 51865
"""Tokens of a multilingual model; the English ones have one fewer (``is_multilingual`` in whisper.cpp)."""


@dataclass(frozen=True, slots=True)
class WhisperParameters:
    """Whisper's parameters, in the order of the file."""

    tokens: int
    audio_context: int
    audio_state: int
    audio_heads: int
    audio_layers: int
    text_context: int
    text_state: int
    text_heads: int
    text_layers: int
    mels: int
    file_type: int

    @property
    def multilingual(self) -> bool:
        """Whether the model knows other languages than English."""
        return self.tokens >= MULTILINGUAL_TOKENS


FIELDS = struct.Struct("<11i")
_MOST_DIMENSIONS = 4


def read_parameters(path: Path) -> WhisperParameters:
    """Read the parameters of the model at ``path``, and check that every tensor is complete.

    Only headers are read, so this takes milliseconds. whisper.cpp itself loads a file that ends inside its last
    tensor without an error.

    Raises:
        ModelError: not a ggml whisper model, or a truncated one.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ModelError(f"{path} is not a whisper model in ggml format", "Give one, or a catalogued name")
        try:
            parameters = WhisperParameters(*FIELDS.unpack(file.read(FIELDS.size)))
            _FileWalker(file, path.stat().st_size).to_the_end()
        except (struct.error, _DamagedError):
            raise ModelError(f"{path} is damaged or was cut short", "Fetch or copy it again") from None
    return parameters


class _DamagedError(Exception):
    """The file contradicts itself."""


class _FileWalker:
    """Reads a file from header to header, never past its end."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size - file.tell()

    def to_the_end(self) -> None:
        """Skip the filters, the words and all tensors; there must be at least one."""
        self._skip(4 * self._number() * self._number())
        for _ in range(self._number()):
            self._skip(self._number())
        self._tensor()
        while self._left:
            self._tensor()

    def _tensor(self) -> None:
        dimensions, name, kind = self._number(), self._number(), self._number()
        if dimensions > _MOST_DIMENSIONS:
            raise _DamagedError
        size = tensor_bytes(kind, [self._number() for _ in range(dimensions)])
        if size is None:
            raise _DamagedError
        self._skip(name + size)

    def _number(self) -> int:
        (number,) = struct.unpack("<i", self._file.read(4))
        self._left -= 4
        if number < 0:
            raise _DamagedError
        return number

    def _skip(self, n: int) -> None:
        self._left -= n
        if self._left < 0:
            raise _DamagedError
        self._file.seek(n, io.SEEK_CUR)
