"""ggml's Q8_0: blocks of 32 weights, one float16 scale and 32 signed bytes each (8.5 bits a weight)."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
_LAYOUT = np.dtype([("scale", "<f2"), ("weights", "i1", BLOCK)])
_SLICE = 1 << 15
"""Blocks quantized at once: 1 M weights, with working copies below 20 MB."""


def q8_0(weights: NDArray[Any]) -> Iterator[bytes]:
    """Yield ``weights`` in Q8_0, a slice at a time.

    Rounds as ``quantize_row_q8_0_ref`` in ggml-quants.c does, to the bit: the scale is the block's largest
    magnitude / 127 in float32, weights are multiplied by its inverse and rounded half away from zero, and only
    then is the scale rounded to float16.

    Args:
        weights: shape ``[rows, columns]``, ``columns`` a multiple of 32.
    """
    blocks = weights.reshape(-1, BLOCK)
    for first in range(0, len(blocks), _SLICE):
        yield _quantize(blocks[first : first + _SLICE].astype(np.float32)).tobytes()


def _quantize(blocks: NDArray[np.float32]) -> NDArray[np.void]:
    scale = np.abs(blocks).max(axis=1) / np.float32(127)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale != 0)
    scaled = blocks * inverse[:, None]
    quantized = np.empty(len(blocks), _LAYOUT)
    quantized["scale"] = scale
    quantized["weights"] = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
    return quantized
