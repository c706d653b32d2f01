"""Reads a model in CTranslate2's binary format, version 6, with floating-point weights.

The format, as CTranslate2's own converter writes it (``python/ctranslate2/specs/model_spec.py``): the version,
the name and revision of the specification, then each variable as name, shape, type and bytes, then aliases. All
numbers are little-endian; there is no padding; a string is a u16 length that counts its closing NUL.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 6
TYPES = {
    0: np.dtype("<f4"),
    1: np.dtype("i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
}
"""Types by CTranslate2's numbers. Whole numbers are settings (which activation, how many heads), not weights."""

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Ct2Model:
    """A model as CTranslate2 stores it.

    Attributes:
        spec: the specification's name, such as ``WhisperSpec``, and its ``revision``.
        variables: weights (float16 or float32) and settings by name, views into the buffer they were read from.
    """

    spec: str
    revision: int
    variables: dict[str, Array]


def read_model(buffer: bytes | memoryview) -> Ct2Model:
    """Read the model in ``buffer``, without copying its weights.

    Raises:
        ValueError: the buffer is not such a model, ends early, or holds quantized weights.
    """
    reader = _Reader(buffer)
    version = reader.number("I")
    if version != VERSION:
        raise ValueError(f"CTranslate2 binary version {version}, expected {VERSION}")
    spec, revision = reader.string(), reader.number("I")
    variables: dict[str, Array] = {}
    for _ in range(reader.number("I")):
        name = reader.string()
        if name.endswith("/weight_scale"):
            raise ValueError(f"{name.removesuffix('_scale')} is quantized; only float16 and float32 weights are read")
        variables[name] = reader.array()
    for _ in range(reader.number("I")):
        alias, name = reader.string(), reader.string()
        if name not in variables:
            raise ValueError(f"{alias} stands for {name}, which is not there")
        variables[alias] = variables[name]
    if reader.left:
        raise ValueError(f"{reader.left} bytes are left over after the last variable")
    return Ct2Model(spec, revision, variables)


class _Reader:
    """Takes values off the front of a buffer."""

    def __init__(self, buffer: bytes | memoryview) -> None:
        self._buffer, self._position = memoryview(buffer), 0

    @property
    def left(self) -> int:
        return len(self._buffer) - self._position

    def take(self, n: int) -> memoryview:
        if n > self.left:
            raise ValueError("the model ends early; is a part of it missing?")
        taken = self._buffer[self._position : self._position + n]
        self._position += n
        return taken

    def number(self, code: str) -> int:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def string(self) -> str:
        return bytes(self.take(self.number("H")))[:-1].decode("utf-8")

    def array(self) -> Array:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, size = self.number("B"), self.number("I")
        if kind not in TYPES:
            raise ValueError(f"values of type {kind} are not read")
        return np.frombuffer(self.take(size), TYPES[kind]).reshape(shape)
