"""From CTranslate2's format to whisper.cpp's, on a whisper of one layer a side."""

import io
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.support.model_files import MELS, STATE, VOCABULARY, WORDS, ct2_file, ct2_variables
from voicemate.core.errors import ModelError
from voicemate.models.convert import ctranslate2, mel, whisper_convert, whisper_ggml
from voicemate.models.convert.quantize import q8_0

F32, F16, Q8_0 = 0, 1, 8


@dataclass
class Ggml:
    """A ggml whisper file, taken apart."""

    parameters: tuple[int, ...]
    filters: np.ndarray
    words: list[bytes]
    tensors: dict[str, tuple[int, list[int], bytes]]


def take_apart(data: bytes) -> Ggml:
    file = io.BytesIO(data)

    def numbers(n: int) -> tuple[int, ...]:
        return struct.unpack(f"<{n}i", file.read(4 * n))

    assert file.read(4) == b"lmgg"
    parameters = numbers(11)
    mels, bins = numbers(2)
    filters = np.frombuffer(file.read(4 * mels * bins), "<f4").reshape(mels, bins)
    words = [file.read(numbers(1)[0]) for _ in range(numbers(1)[0])]
    tensors = {}
    while head := file.read(12):
        dimensions, name, kind = struct.unpack("<3i", head)
        shape = list(numbers(dimensions))
        size = {F32: 4, F16: 2, Q8_0: 34 / 32}[kind] * np.prod(shape)
        title = file.read(name).decode()
        tensors[title] = (kind, shape, file.read(int(size)))
    return Ggml(parameters, filters, words, tensors)


@pytest.fixture(scope="module")
def variables() -> dict[str, Any]:
    return ct2_variables()


def convert(folder: Path, model: bytes, vocabulary: str = "\n".join(WORDS)) -> bytes:
    (folder / "model.bin").write_bytes(model)
    (folder / "vocabulary.txt").write_text(vocabulary, encoding="utf-8")
    out = io.BytesIO()
    whisper_convert.convert(folder / "model.bin", folder / "vocabulary.txt", out)
    return out.getvalue()


@pytest.fixture(scope="module")
def converted(variables: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Ggml:
    return take_apart(convert(tmp_path_factory.mktemp("whisper"), ct2_file(variables)))


def test_the_header_has_the_models_shape(converted: Ggml):
    assert converted.parameters == (VOCABULARY, 6, STATE, 1, 1, 6, STATE, 1, 1, MELS, 2007)


def test_words_keep_their_bytes_and_an_empty_one_keeps_its_place(converted: Ggml):
    assert converted.words == [b"!", b"a", b" b", b"", b"\xe9"]


def test_every_tensor_whisper_cpp_asks_for_is_there(converted: Ggml):
    attention = ("query.weight", "query.bias", "key.weight", "value.weight", "value.bias", "out.weight", "out.bias")
    block = {f"attn.{name}" for name in attention}
    block |= {f"{name}.{kind}" for name in ("attn_ln", "mlp_ln", "mlp.0", "mlp.2") for kind in ("weight", "bias")}
    cross = {f"cross_attn.{name}" for name in attention} | {"cross_attn_ln.weight", "cross_attn_ln.bias"}
    assert set(converted.tensors) == {
        *("encoder.positional_embedding", "decoder.positional_embedding", "decoder.token_embedding.weight"),
        *("encoder.conv1.weight", "encoder.conv1.bias", "encoder.conv2.weight", "encoder.conv2.bias"),
        *("encoder.ln_post.weight", "encoder.ln_post.bias", "decoder.ln.weight", "decoder.ln.bias"),
        *(f"encoder.blocks.0.{name}" for name in block),
        *(f"decoder.blocks.0.{name}" for name in block | cross),
    }


def test_a_key_has_no_bias(converted: Ggml):
    assert not [name for name in converted.tensors if name.endswith("key.bias")]


def test_query_key_and_value_come_apart_in_that_order(converted: Ggml, variables: dict[str, Any]):
    fused = variables["encoder/layer_0/self_attention/linear_0/weight"]
    for part, name in enumerate(("query", "key", "value")):
        expected = b"".join(q8_0(fused[part * STATE : (part + 1) * STATE]))
        assert converted.tensors[f"encoder.blocks.0.attn.{name}.weight"] == (Q8_0, [STATE, STATE], expected)


def test_matrices_are_quantized_convolutions_halved_and_the_rest_left_whole(converted: Ggml):
    kinds = {name: kind for name, (kind, _, _) in converted.tensors.items()}
    assert kinds["decoder.token_embedding.weight"] == Q8_0
    assert kinds["encoder.conv1.weight"] == F16
    assert {kinds[name] for name in kinds if name.endswith("bias") or "ln" in name or "positional" in name} == {F32}


def test_shapes_are_written_fastest_axis_first(converted: Ggml):
    assert converted.tensors["encoder.conv1.weight"][1] == [3, MELS, STATE]
    assert converted.tensors["encoder.conv1.bias"][1] == [1, STATE]


def test_weights_that_are_not_quantized_come_through_unchanged(converted: Ggml, variables: dict[str, Any]):
    kind, _, data = converted.tensors["encoder.conv2.weight"]
    assert (kind, data) == (F16, variables["encoder/conv2/weight"].tobytes())
    _, _, data = converted.tensors["encoder.ln_post.bias"]
    assert np.array_equal(np.frombuffer(data, "<f4"), variables["encoder/layer_norm/beta"].astype("<f4"))


def test_what_was_written_is_read_back_whole(variables: dict[str, Any], tmp_path: Path):
    path = tmp_path / "model.ggml"
    path.write_bytes(convert(tmp_path, ct2_file(variables)))
    parameters = whisper_ggml.read_parameters(path)
    assert (parameters.tokens, parameters.mels, parameters.multilingual) == (VOCABULARY, MELS, False)


@pytest.mark.parametrize("cut", [4, 40, 1000, 70_000, -1, -2000])
def test_a_ggml_file_that_was_cut_short_is_noticed_wherever_it_was_cut(
    variables: dict[str, Any], tmp_path: Path, cut: int
):
    path = tmp_path / "model.ggml"
    path.write_bytes(convert(tmp_path, ct2_file(variables))[:cut])
    with pytest.raises(ModelError, match="damaged or was cut short"):
        whisper_ggml.read_parameters(path)


@given(st.binary(max_size=400))
def test_no_bytes_after_the_magic_number_break_the_ggml_reader(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
):
    path = tmp_path_factory.getbasetemp() / "noise.ggml"
    path.write_bytes(b"lmgg" + noise)
    with pytest.raises(ModelError):
        whisper_ggml.read_parameters(path)


def test_a_bias_on_the_key_is_refused_since_it_would_be_lost(variables: dict[str, Any], tmp_path: Path):
    biased = {name: array.copy() for name, array in variables.items()}
    biased["decoder/layer_0/attention/linear_1/bias"][3] = 1
    with pytest.raises(ValueError, match="key bias"):
        convert(tmp_path, ct2_file(biased))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (b"", "empty"),
        (ct2_file({}, version=5), "version 5"),
        (ct2_file(ct2_variables(), spec="TransformerSpec"), "TransformerSpec"),
        (ct2_file(ct2_variables())[:-1], "ends early"),
        (ct2_file(ct2_variables()) + b"\0", "left over"),
        (ct2_file({**ct2_variables(), "encoder/conv1/weight_scale": np.ones(2, "<f4")}), "quantized"),
        (ct2_file({"decoder/embeddings/weight": np.ones((2, 64), "<f2")}), "has no"),
    ],
    ids=["empty", "version", "spec", "cut", "too long", "quantized", "incomplete"],
)
def test_a_file_that_is_not_such_a_whisper_says_why(tmp_path: Path, model: bytes, says: str):
    with pytest.raises(ValueError, match=says):
        convert(tmp_path, model)


@pytest.mark.parametrize(
    ("vocabulary", "says"), [("a\nb", "endoftext"), ("\u4e2d\n<|endoftext|>", "stands for no byte")]
)
def test_a_vocabulary_of_another_kind_says_why(vocabulary: str, says: str):
    with pytest.raises(ValueError, match=says):
        whisper_convert.tokens(vocabulary)


def test_all_256_bytes_have_a_stand_in():
    alphabet = whisper_convert._alphabet()
    assert sorted(alphabet.values()) == list(range(256))
    assert alphabet["Ġ"] == ord(" ")
    assert alphabet["Ċ"] == ord("\n")


def test_aliases_and_settings_are_read(variables: dict[str, Any]):
    model = ctranslate2.read_model(ct2_file(variables))
    assert model.variables["decoder/projection/weight"] is model.variables["decoder/embeddings/weight"]
    assert int(model.variables["decoder/activation"]) == 1


def blocks_of(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    raw = np.frombuffer(data, np.dtype([("scale", "<f2"), ("weights", "i1", 32)]))
    return raw["scale"].astype(np.float32), raw["weights"]


def test_the_largest_weight_of_a_block_becomes_127_and_halves_round_away_from_zero():
    block = np.zeros((1, 32), np.float32)
    block[0, :5] = [127, 0.5, -0.5, 1.49, -2.5]
    scale, weights = blocks_of(b"".join(q8_0(block)))
    assert scale[0] == 1
    assert weights[0, :5].tolist() == [127, 1, -1, 1, -3]


def test_a_block_of_zeros_has_the_scale_zero():
    scale, weights = blocks_of(b"".join(q8_0(np.zeros((2, 32), np.float16))))
    assert not scale.any()
    assert not weights.any()


@given(arrays(np.float16, (3, 64), elements=st.floats(-100, 100, width=16)))
def test_quantized_weights_are_within_half_a_step(weights: np.ndarray):
    scale, quantized = blocks_of(b"".join(q8_0(weights)))
    exact = weights.astype(np.float32).reshape(-1, 32)
    step = np.abs(exact).max(axis=1) / 127
    # The scale is rounded to float16 afterwards, which moves the largest weight by 127 steps x 2^-11 at most; below
    # the normal numbers of float16 it is coarser.
    assert np.all(np.abs(quantized * scale[:, None] - exact) <= (0.5 + 0.07) * step[:, None] + 127 * 2**-25)


def test_a_large_matrix_is_quantized_in_slices_without_a_seam():
    weights = np.random.default_rng(1).normal(size=(2100, 512)).astype(np.float16)
    whole = list(q8_0(weights))
    rows = [piece for row in weights for piece in q8_0(row[None, :])]
    assert len(whole) > 1
    assert b"".join(whole) == b"".join(rows)


def test_the_mel_filters_are_the_ones_whisper_was_trained_with():
    filters = mel.filter_bank(MELS)
    assert (filters.shape, filters.dtype) == ((MELS, 201), np.float32)
    # The first values of mel_80 in openai-whisper's assets/mel_filters.npz.
    assert np.allclose(filters[:2, 1:3], [[0.02486259, 0], [0.00199082, 0.02287177]], atol=1e-8)
    # Slaney's normalisation gives every triangle the area 1, as far as bins 40 Hz apart can tell.
    assert np.allclose(filters.sum(axis=1) * 40, 1, atol=0.2)
    assert np.all(np.diff(filters.argmax(axis=1)) >= 0)
