"""The shipped catalog, and the rules for catalogs."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.support.model_files import entry
from voicemate.core.errors import ModelError
from voicemate.core.paths import shipped_path
from voicemate.models import memory_fit
from voicemate.models.catalog import (
    Catalog,
    CatalogModel,
    HubSource,
    ModelRole,
    WheelSource,
    load_catalog,
    parse_catalog,
)
from voicemate.models.storage import GB, as_size

CATALOG = load_catalog()
OPEN_LICENCES = {"MIT", "Apache-2.0", "BSD-2-Clause"}


@pytest.mark.parametrize("model", CATALOG.models, ids=lambda model: model.name)
class TestEveryModelThatShips:
    def test_may_be_used_by_anyone(self, model: CatalogModel):
        assert model.licence in OPEN_LICENCES

    def test_says_which_languages_it_knows(self, model: CatalogModel):
        assert model.languages or model.role in (ModelRole.VAD, ModelRole.END_OF_TURN)

    def test_knows_each_language_once(self, model: CatalogModel):
        assert len(set(model.languages)) == len(model.languages)

    def test_comes_from_wheels_whose_parts_make_up_its_size_or_from_one_hub_file(self, model: CatalogModel):
        if isinstance(model.source, WheelSource) and not model.source.convert:
            assert model.source.parts[0].size == model.size
            assert model.source.parts[0].sha256 == model.sha256
        if isinstance(model.source, HubSource):
            assert model.source.path.endswith(model.file)

    def test_has_the_suffix_of_its_role(self, model: CatalogModel):
        suffixes = {ModelRole.STT: ".bin", ModelRole.LLM: ".gguf"}
        assert model.file.endswith(suffixes.get(model.role, ".onnx"))


def test_the_starter_set_holds_a_model_for_every_role_and_needs_no_hub():
    assert {model.role for model in CATALOG.starters} == set(ModelRole)
    assert all(isinstance(model.source, WheelSource) for model in CATALOG.starters)
    assert {model.file for model in CATALOG.starters} == {
        "ggml-base-q8_0.bin",
        "ggml-tiny.en-q8_0.bin",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "silero_vad.onnx",
        "smart-turn-v3.2-cpu.onnx",
    }


def test_no_two_models_share_a_name_or_a_file():
    assert Counter(model.name for model in CATALOG.models).most_common(1)[0][1] == 1
    assert Counter(model.file for model in CATALOG.models).most_common(1)[0][1] == 1


def test_there_are_better_language_models_of_every_size_and_one_of_them_speaks_chinese():
    better = [model for model in CATALOG.with_role(ModelRole.LLM) if not model.starter]
    assert len(better) >= 4
    assert all(1 <= model.parameters <= 31 for model in better)
    assert any("zh" in model.languages[:2] for model in better)


def test_the_default_models_of_the_settings_are_in_the_catalog():
    from voicemate.config.schema import LlmSettings, SttSettings

    assert CATALOG.find(SttSettings().model).role is ModelRole.STT
    assert CATALOG.find(LlmSettings().model).role is ModelRole.LLM


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(ModelError, match=r"no model called whisper-bass.*Did you mean whisper-base\?"):
        CATALOG.find("whisper-bass")


def test_an_unknown_name_gets_the_list_command():
    with pytest.raises(ModelError) as caught:
        CATALOG.find("zzz")
    assert caught.value.hint == "`voicemate models list` shows all of them"


def test_names_are_found_in_any_case():
    assert CATALOG.find("Whisper-Base").name == "whisper-base"


def test_starter_means_the_starter_set_and_every_model_comes_once():
    names = [model.name for model in CATALOG.expand(["silero-vad", "starter", "whisper-small"])]
    assert names == ["silero-vad", "whisper-base", "whisper-tiny.en", "smollm2-135m", "smart-turn", "whisper-small"]


HUB = {"kind": "hub", "repo": "someone/minds", "path": "mind.gguf", "revision": "0" * 40}


@pytest.mark.parametrize(
    "wrong",
    [
        {"licence": ""},
        {"sha256": "abc"},
        {"size": 0},
        {"file": "../elsewhere.gguf"},
        {"kv_bytes": 0},
        {"colour": "red"},
        {"languages": "klingon"},
        {"source": {**HUB, "revision": "main"}},
        {"source": {"kind": "torrent"}},
        {"source": {"kind": "wheels", "wheels": [], "parts": []}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_entry_that_could_not_be_pulled_and_checked_is_refused(wrong: dict):
    assert Catalog.model_validate({"models": [entry("mind", HUB)]})
    with pytest.raises(ValidationError):
        Catalog.model_validate({"models": [entry("mind", HUB) | wrong]})


def test_a_model_from_wheels_needs_its_hash_and_one_from_a_hub_does_not():
    Catalog.model_validate({"models": [entry("mind", HUB, sha256=None)]})
    wheels = tomllib.loads(shipped_path("models/catalog.toml").read_text())["models"][0]["source"]
    with pytest.raises(ValidationError, match="needs its sha256"):
        Catalog.model_validate({"models": [entry("mind", wheels, sha256=None)]})


def test_a_damaged_catalog_has_a_clear_error(tmp_path):
    path = tmp_path / "catalog.toml"
    path.write_text("models = [")
    with pytest.raises(ModelError, match="cannot be used"):
        load_catalog(path)
    with pytest.raises(ModelError, match="cannot be used"):
        load_catalog(tmp_path / "missing.toml")


def test_a_list_of_languages_can_be_shared():
    text = shipped_path("models/catalog.toml").read_text()
    assert parse_catalog(text).find("whisper-base").languages == parse_catalog(text).find("whisper-small").languages


DOCS = Path(__file__).parents[3] / "docs" / "guide" / "models.md"


@pytest.mark.parametrize("model", CATALOG.models, ids=lambda model: model.name)
def test_the_documentation_agrees_with_the_catalog(model: CatalogModel):
    (row,) = re.findall(rf"^\| {re.escape(model.name)} .*$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    name = f"{model.name} ★" if model.starter else model.name
    assert cells[:3] == [name, model.role.replace("-", " "), as_size(model.size)]
    assert cells[3] == (
        f"{need / GB:.1f} GB" if (need := memory_fit.required_bytes(model)) > GB / 10 else as_size(need)
    )
    assert cells[5] == model.licence
