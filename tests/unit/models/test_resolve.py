"""Resolving names and paths to model files, with clear errors."""

from pathlib import Path

import pytest

from tests.support.model_files import MODEL_BYTES, gguf_file
from voicemate.core.errors import ModelError
from voicemate.models.catalog import Catalog, ModelRole
from voicemate.models.resolve import FileState, file_state, resolve

ONNX = b"\x08\x08\x12\x07pytorch"


@pytest.fixture
def placed(folder: Path) -> Path:
    """The installed file of the model ``mind``."""
    folder.mkdir()
    path = folder / "mind.gguf"
    path.write_bytes(MODEL_BYTES)
    return path


def test_a_name_resolves_to_its_file(catalog: Catalog, placed: Path):
    assert resolve("mind", ModelRole.LLM, catalog=catalog) == placed
    assert file_state(catalog.find("mind"), placed.parent) is FileState.PRESENT


def test_the_error_for_a_missing_model_has_the_pull_command(catalog: Catalog, folder: Path):
    with pytest.raises(ModelError, match="The model mind is not here") as caught:
        resolve("mind", catalog=catalog)
    assert caught.value.hint == "Run `voicemate models pull mind`"
    assert caught.value.exit_code == 5


def test_a_truncated_model_is_recognized_by_its_size(catalog: Catalog, placed: Path):
    placed.write_bytes(MODEL_BYTES[:-50_000])
    with pytest.raises(
        ModelError,
        match=rf"not whole.* has {len(MODEL_BYTES) - 50_000:,} bytes instead of {len(MODEL_BYTES):,}.*pull mind",
    ):
        resolve("mind", catalog=catalog)


def test_a_file_of_the_right_size_and_the_wrong_format_is_an_error(catalog: Catalog, placed: Path):
    placed.write_bytes(bytes(len(MODEL_BYTES)))
    with pytest.raises(ModelError, match=r"damaged: .* is not a GGUF file.*`voicemate models pull mind`"):
        resolve("mind", catalog=catalog)


def test_a_model_without_read_permission_is_an_error(catalog: Catalog, placed: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("voicemate.models.resolve._has_format", refuse)
    for name in ("mind", placed):
        with pytest.raises(ModelError, match=r"cannot be read.*permissions"):
            resolve(name, catalog=catalog)


def test_a_model_for_another_role_is_refused(catalog: Catalog, placed: Path):
    with pytest.raises(ModelError, match="mind is a model for llm, not for stt"):
        resolve("mind", ModelRole.STT, catalog=catalog)


def test_an_unknown_name_is_refused(catalog: Catalog, folder: Path):
    with pytest.raises(ModelError, match=r"no model called minf.*Did you mean mind\?"):
        resolve("minf", catalog=catalog)


class TestAFileOfOnesOwn:
    def test_is_taken_by_its_path(self, catalog: Catalog, tmp_path: Path):
        own = tmp_path / "own.gguf"
        own.write_bytes(gguf_file())
        assert resolve(own, ModelRole.LLM, catalog=catalog) == own
        assert resolve(str(own), catalog=catalog) == own

    def test_is_found_among_the_models_by_its_name(self, catalog: Catalog, placed: Path):
        own = placed.with_name("own.gguf")
        own.write_bytes(gguf_file())
        assert resolve("own.gguf", ModelRole.LLM, catalog=catalog) == own

    def test_is_found_at_home(self, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "own.gguf").write_bytes(gguf_file())
        assert resolve("~/own.gguf", catalog=catalog) == tmp_path / "own.gguf"

    @pytest.mark.parametrize("name", ["gone.gguf", "./gone", "/nowhere/gone.bin"])
    def test_that_is_missing_is_an_error(self, catalog: Catalog, folder: Path, name: str):
        with pytest.raises(ModelError, match="There is no model file"):
            resolve(name, catalog=catalog)

    @pytest.mark.parametrize(
        ("role", "wanted"),
        [(ModelRole.LLM, "a GGUF file"), (ModelRole.STT, "a whisper model in ggml format"), (None, "a model file")],
    )
    def test_of_another_format_is_an_error(
        self, catalog: Catalog, tmp_path: Path, role: ModelRole | None, wanted: str
    ):
        own = tmp_path / "song.mp3"
        own.write_bytes(b"ID3 la la la")
        with pytest.raises(ModelError, match=f"song.mp3 is not {wanted}"):
            resolve(own, role, catalog=catalog)

    def test_for_speech_recognition_is_no_language_model(self, catalog: Catalog, tmp_path: Path):
        own = tmp_path / "ear.bin"
        own.write_bytes(b"lmgg" + bytes(60))
        with pytest.raises(ModelError, match="is not a GGUF file"):
            resolve(own, ModelRole.LLM, catalog=catalog)

    def test_that_is_truncated_is_an_error(self, catalog: Catalog, tmp_path: Path):
        own = tmp_path / "own.gguf"
        own.write_bytes(MODEL_BYTES[:-40])
        with pytest.raises(ModelError, match="damaged or was cut short"):
            resolve(own, ModelRole.LLM, catalog=catalog)
        (tmp_path / "ear.bin").write_bytes(b"lmgg" + bytes(60))
        with pytest.raises(ModelError, match="damaged or was cut short"):
            resolve(tmp_path / "ear.bin", ModelRole.STT, catalog=catalog)

    def test_of_voice_activity_is_taken(self, catalog: Catalog, tmp_path: Path):
        own = tmp_path / "vad.onnx"
        own.write_bytes(ONNX)
        assert resolve(own, ModelRole.VAD, catalog=catalog) == own
