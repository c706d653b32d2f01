"""Converts a whisper model from CTranslate2's format to whisper.cpp's ggml format with Q8_0 weights.

As in whisper.cpp's own quantized models, matrices are in Q8_0, the two convolutions in float16, and everything else
in float32. The same weights give the same bytes on every machine, so the catalog can hold the result's hash.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import BinaryIO

import numpy as np

from voicemate.models.convert import ctranslate2, mel
from voicemate.models.convert.ctranslate2 import Array
from voicemate.models.convert.quantize import BLOCK, q8_0
from voicemate.models.convert.whisper_ggml import FIELDS, MAGIC, WhisperParameters

_HEAD_WIDTH = 64
"""Every size of whisper has heads of this width."""

_FILE_TYPE_Q8_0 = 7 + 2 * 1000
"""GGML_FTYPE_MOSTLY_Q8_0 with GGML_QNT_VERSION 2 times its factor."""

_F32, _F16, _Q8_0 = 0, 1, 8
"""Numbers in ``enum ggml_type``."""

_END_OF_TEXT = "<|endoftext|>"


def convert(model: Path, vocabulary: Path, out: BinaryIO) -> None:
    """Write the model in the CTranslate2 file ``model``, with the tokens of ``vocabulary.txt``, to ``out``.

    Needs little more memory than its largest slice: the weights are mapped, not read.

    Raises:
        ValueError: not a whisper model of CTranslate2's format version 6 with floating-point weights.
        OSError: a file cannot be read or written.
    """
    words = tokens(vocabulary.read_text(encoding="utf-8"))
    with model.open("rb") as file:
        # Not closed here: the arrays are views of the map, which is freed with them.
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    source = ctranslate2.read_model(memoryview(mapped))
    if (source.spec, source.revision) != ("WhisperSpec", 3):
        raise ValueError(f"{source.spec} revision {source.revision}, expected WhisperSpec revision 3")
    tensors = _tensors(source.variables)
    _write_header(_parameters(tensors), words, out)
    for name, weights in tensors.items():
        _write_tensor(name, weights, out)


def tokens(vocabulary: str) -> list[bytes]:
    """Return the bytes of the text tokens in the order of their numbers, up to the end-of-text token.

    whisper.cpp adds the special tokens after that one itself. The multilingual vocabulary has an empty token
    (50256) that must keep its place, so lines are never stripped or skipped.

    Raises:
        ValueError: no end-of-text token, or a character outside GPT-2's alphabet.
    """
    lines = vocabulary.split("\n")
    if _END_OF_TEXT not in lines:
        raise ValueError(f"the vocabulary has no {_END_OF_TEXT}")
    alphabet = _alphabet()
    try:
        return [bytes(alphabet[character] for character in line) for line in lines[: lines.index(_END_OF_TEXT)]]
    except KeyError as error:
        raise ValueError(f"the vocabulary has a character that stands for no byte: {error}") from None


def _alphabet() -> dict[str, int]:
    """Return the bytes that GPT-2's printable characters stand for (``bytes_to_unicode`` in its encoder.py)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


def _write_header(parameters: WhisperParameters, words: list[bytes], out: BinaryIO) -> None:
    out.write(MAGIC + FIELDS.pack(*astuple(parameters)))
    filters = mel.filter_bank(parameters.mels)
    out.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
    out.write(struct.pack("<i", len(words)))
    for word in words:
        out.write(struct.pack("<i", len(word)) + word)


def _parameters(tensors: dict[str, Array]) -> WhisperParameters:
    vocabulary, state = tensors["decoder.token_embedding.weight"].shape
    heads = state // _HEAD_WIDTH
    return WhisperParameters(
        tokens=vocabulary,
        audio_context=len(tensors["encoder.positional_embedding"]),
        audio_state=state,
        audio_heads=heads,
        audio_layers=_layers(tensors, "encoder.blocks."),
        text_context=len(tensors["decoder.positional_embedding"]),
        text_state=state,
        text_heads=heads,
        text_layers=_layers(tensors, "decoder.blocks."),
        mels=tensors["encoder.conv1.weight"].shape[1],
        file_type=_FILE_TYPE_Q8_0,
    )


def _write_tensor(name: str, weights: Array, out: BinaryIO) -> None:
    kind, data = _encode(name, weights)
    raw = name.encode()
    out.write(struct.pack("<3i", weights.ndim, len(raw), kind))
    out.write(struct.pack(f"<{weights.ndim}i", *reversed(weights.shape)))  # ggml names the fastest axis first
    out.write(raw)
    for piece in data:
        out.write(piece)


def _encode(name: str, weights: Array) -> tuple[int, Iterator[bytes]]:
    if weights.ndim < 2 or name.endswith(("positional_embedding", "conv1.bias", "conv2.bias")):
        return _F32, iter([weights.astype("<f4").tobytes()])
    if weights.ndim != 2 or weights.shape[1] % BLOCK:
        return _F16, iter([weights.astype("<f2").tobytes()])
    return _Q8_0, q8_0(weights)


def _layers(names: dict[str, Array], prefix: str) -> int:
    return len({name[len(prefix) :].split(".")[0] for name in names if name.startswith(prefix)})


def _tensors(variables: dict[str, Array]) -> dict[str, Array]:
    """Return CTranslate2's variables under whisper.cpp's names and in its order."""
    try:
        return dict(_TensorRenamer(variables).all())
    except KeyError as error:
        raise ValueError(f"the whisper model has no {error}") from None


class _TensorRenamer:
    """Splits CTranslate2's variables into ``(ggml name, weights)``."""

    def __init__(self, variables: dict[str, Array]) -> None:
        self._variables = variables

    def all(self) -> Iterator[tuple[str, Array]]:
        yield "encoder.positional_embedding", self._variables["encoder/position_encodings/encodings"]
        for layer in ("conv1", "conv2"):
            yield f"encoder.{layer}.weight", self._variables[f"encoder/{layer}/weight"]
            yield f"encoder.{layer}.bias", self._variables[f"encoder/{layer}/bias"].reshape(-1, 1)
        yield from self._blocks("encoder")
        yield from self._norm("encoder/layer_norm", "encoder.ln_post")
        yield "decoder.positional_embedding", self._variables["decoder/position_encodings/encodings"]
        yield "decoder.token_embedding.weight", self._variables["decoder/embeddings/weight"]
        yield from self._blocks("decoder")
        yield from self._norm("decoder/layer_norm", "decoder.ln")

    def _blocks(self, side: str) -> Iterator[tuple[str, Array]]:
        index = 0
        while f"{side}/layer_{index}/ffn/linear_0/weight" in self._variables:
            yield from self._block(f"{side}/layer_{index}", f"{side}.blocks.{index}", cross=side == "decoder")
            index += 1

    def _block(self, source: str, to: str, cross: bool) -> Iterator[tuple[str, Array]]:
        yield from self._norm(f"{source}/self_attention/layer_norm", f"{to}.attn_ln")
        yield from self._fused(f"{source}/self_attention/linear_0", f"{to}.attn", ("query", "key", "value"))
        yield from self._linear(f"{source}/self_attention/linear_1", f"{to}.attn.out")
        if cross:
            yield from self._norm(f"{source}/attention/layer_norm", f"{to}.cross_attn_ln")
            yield from self._linear(f"{source}/attention/linear_0", f"{to}.cross_attn.query")
            yield from self._fused(f"{source}/attention/linear_1", f"{to}.cross_attn", ("key", "value"))
            yield from self._linear(f"{source}/attention/linear_2", f"{to}.cross_attn.out")
        yield from self._norm(f"{source}/ffn/layer_norm", f"{to}.mlp_ln")
        yield from self._linear(f"{source}/ffn/linear_0", f"{to}.mlp.0")
        yield from self._linear(f"{source}/ffn/linear_1", f"{to}.mlp.2")

    def _norm(self, source: str, to: str) -> Iterator[tuple[str, Array]]:
        yield f"{to}.weight", self._variables[f"{source}/gamma"]
        yield f"{to}.bias", self._variables[f"{source}/beta"]

    def _linear(self, source: str, to: str) -> Iterator[tuple[str, Array]]:
        yield f"{to}.weight", self._variables[f"{source}/weight"]
        yield f"{to}.bias", self._variables[f"{source}/bias"]

    def _fused(self, source: str, to: str, parts: tuple[str, ...]) -> Iterator[tuple[str, Array]]:
        """Split query, key and value, which are stacked along the output rows.

        Whisper's key has no bias; CTranslate2 stores zeros for it, and ggml expects none.
        """
        weights = np.split(self._variables[f"{source}/weight"], len(parts))
        biases = np.split(self._variables[f"{source}/bias"], len(parts))
        for part, weight, bias in zip(parts, weights, biases, strict=True):
            yield f"{to}.{part}.weight", weight
            if part != "key":
                yield f"{to}.{part}.bias", bias
            elif np.any(bias):
                raise ValueError(f"{source} has a key bias, which whisper does not have")
