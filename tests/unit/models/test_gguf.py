"""GGUF headers, and damaged files."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.model_files import gguf_file, llama_metadata
from voicemate.core.errors import ModelError
from voicemate.models import gguf, tensor_types


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def read(folder: Path, data: bytes) -> gguf.GgufHeader:
    return gguf.read_header(written(folder / "model.gguf", data))


def test_the_header_of_a_model_is_read(tmp_path: Path):
    assert read(tmp_path, gguf_file()) == gguf.GgufHeader(
        architecture="llama",
        name="Made Up",
        context=512,
        kv_heads=(2, 2),
        key_width=16,
        value_width=16,
        feed_forward=128,
        vocabulary=3,
        has_template=True,
    )


def test_heads_may_be_stated_for_each_layer(tmp_path: Path):
    metadata = llama_metadata() | {"llama.attention.head_count_kv": [2, 0]}
    assert read(tmp_path, gguf_file(metadata)).kv_heads == (2, 0)


def test_without_key_heads_of_its_own_a_model_has_as_many_as_query_heads(tmp_path: Path):
    metadata = llama_metadata()
    del metadata["llama.attention.head_count_kv"]
    assert read(tmp_path, gguf_file(metadata)).kv_heads == (4, 4)


def test_keys_may_be_wider_than_their_share_of_the_state(tmp_path: Path):
    metadata = llama_metadata() | {"llama.attention.key_length": 128, "llama.attention.value_length": 96}
    header = read(tmp_path, gguf_file(metadata))
    assert (header.key_width, header.value_width) == (128, 96)


def test_a_large_vocabulary_is_counted(tmp_path: Path):
    metadata = llama_metadata() | {"tokenizer.ggml.tokens": ["word"] * 150_000, "scores": [1] * 5000}
    header = read(tmp_path, gguf_file(metadata))
    assert (header.vocabulary, header.has_template) == (150_000, True)


def test_a_missing_chat_template_is_detected(tmp_path: Path):
    metadata = llama_metadata()
    del metadata["tokenizer.chat_template"]
    assert not read(tmp_path, gguf_file(metadata)).has_template


def test_a_file_of_another_format_is_refused(tmp_path: Path):
    with pytest.raises(ModelError, match="is not a GGUF file"):
        read(tmp_path, b"PK\x03\x04 something else")
    with pytest.raises(ModelError, match="is not a GGUF file"):
        read(tmp_path, b"")


def test_an_unknown_version_is_an_error(tmp_path: Path):
    with pytest.raises(ModelError, match="version 9"):
        read(tmp_path, b"GGUF\x09\0\0\0" + bytes(40))


def test_a_model_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(ModelError, match="holds no language model"):
        read(tmp_path, gguf_file({"general.architecture": "clip", "clip.vision.block_count": 2}))


@pytest.mark.parametrize("cut", [5, 24, 60, 200, -1, -31])
def test_a_truncated_file_is_detected(tmp_path: Path, cut: int):
    data = gguf_file(tensors={"t": (8, [32, 2], bytes(68))})
    assert read(tmp_path, data[:-28])  # the padding after the last tensor may be missing
    with pytest.raises(ModelError, match="damaged or was cut short"):
        read(tmp_path, data[: cut - 28 if cut < 0 else cut])


def test_a_tensor_of_an_unknown_type_is_accepted(tmp_path: Path):
    assert read(tmp_path, gguf_file(tensors={"t": (99, [32, 2], b"")}))


def test_sizes_of_quantized_tensors():
    assert tensor_types.tensor_bytes(12, [256, 4]) == 4 * 144
    assert tensor_types.tensor_bytes(1, [3, 5, 7]) == 210
    assert tensor_types.tensor_bytes(99, [1]) is None


GOOD = gguf_file()


@settings(max_examples=100)
@given(st.data())
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    noise = bytearray(data.draw(st.just(GOOD) | st.binary(max_size=200).map(b"GGUF\x03\0\0\0".__add__)))
    for at, byte in data.draw(st.dictionaries(st.integers(4, len(noise) - 1), st.integers(0, 255))).items():
        noise[at] = byte
    path = written(tmp_path_factory.getbasetemp() / "noise.gguf", bytes(noise))
    with suppress(ModelError):
        assert gguf.read_header(path).kv_heads
