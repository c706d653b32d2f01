"""The starter models as they were pulled, against what the catalog and our readers say of them."""

import ctypes
from pathlib import Path

import llama_cpp
import pytest

from voicemate.models import gguf, memory_fit
from voicemate.models.catalog import ModelRole, load_catalog
from voicemate.models.convert import whisper_ggml
from voicemate.models.resolve import resolve
from voicemate.models.tensor_types import BLOCKS
from voicemate.models.verify import VerifyResult, verify

pytestmark = pytest.mark.models


def test_every_byte_of_the_starter_set_is_as_the_catalog_says(
    whisper_tiny: Path, whisper_base: Path, smollm2: Path, silero: Path, smart_turn: Path
):
    assert {checked.path.name: checked.result for checked in verify(["starter"])} == {
        path.name: VerifyResult.OK for path in (whisper_tiny, whisper_base, smollm2, silero, smart_turn)
    }


@pytest.mark.parametrize("model", load_catalog().starters, ids=lambda model: model.name)
def test_the_starter_set_is_found_by_name_and_by_path(model):
    path = resolve(model.name, model.role)
    assert resolve(path, model.role) == path


def test_the_catalog_and_the_header_agree_on_the_memory_a_token_takes(smollm2: Path):
    header, model = gguf.read_header(smollm2), load_catalog().find("smollm2-135m")
    assert 2 * sum(header.kv_heads) * (header.key_width + header.value_width) == model.kv_bytes
    assert memory_fit.gguf_required_bytes(header, model.size) == memory_fit.required_bytes(model)
    assert header.has_template


def test_converted_whispers_know_how_many_languages_they_speak(whisper_tiny: Path, whisper_base: Path):
    for path in (whisper_tiny, whisper_base):
        (model,) = (model for model in load_catalog().with_role(ModelRole.STT) if model.file == path.name)
        assert whisper_ggml.read_parameters(path).multilingual is (len(model.languages) > 1)


def test_llama_cpp_agrees_on_the_sizes_of_tensor_types():
    (library, *_) = (Path(llama_cpp.__file__).parent / "lib").glob("libggml-base.*")
    ggml = ctypes.CDLL(str(library))
    ggml.ggml_blck_size.restype, ggml.ggml_type_size.restype = ctypes.c_int64, ctypes.c_size_t
    told = {kind: (ggml.ggml_blck_size(kind), ggml.ggml_type_size(kind)) for kind in BLOCKS}
    assert told == BLOCKS
