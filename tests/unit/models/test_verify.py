"""Verifying installed models byte by byte."""

from pathlib import Path

import pytest

from tests.support.model_files import MODEL_BYTES, entry, sha256
from voicemate.core.errors import ModelError
from voicemate.models.catalog import Catalog
from voicemate.models.pulled_hashes import FILE_NAME, record_sha256
from voicemate.models.verify import VerifyResult, verify

HUB = {"kind": "hub", "repo": "someone/minds", "path": "hubby.gguf", "revision": "0" * 40}


@pytest.fixture
def verdict(catalog: Catalog, folder: Path):
    """The verdict over the model ``mind`` with given bytes in its place."""
    folder.mkdir()

    def verdict(data: bytes) -> VerifyResult:
        (folder / "mind.gguf").write_bytes(data)
        (verified,) = verify(["mind"], catalog=catalog)
        assert bool(verified.hint) is (verified.result is not VerifyResult.OK)
        return verified.result

    return verdict


def test_a_whole_model_is_ok(verdict):
    assert verdict(MODEL_BYTES) is VerifyResult.OK


def test_a_model_with_one_wrong_byte_is_found(verdict):
    assert verdict(MODEL_BYTES[:-1] + b"\x01") is VerifyResult.WRONG_HASH
    assert verdict(b"X" + MODEL_BYTES[1:]) is VerifyResult.WRONG_HASH


def test_a_truncated_model_is_found(verdict):
    assert verdict(MODEL_BYTES[:-1]) is VerifyResult.TRUNCATED


def test_a_missing_model_is_reported_by_name(catalog: Catalog, folder: Path):
    (verified,) = verify(["mind"], catalog=catalog)
    assert verified.result is VerifyResult.MISSING
    assert verified.hint == "Run `voicemate models pull mind`"


def test_without_names_everything_installed_is_checked(catalog: Catalog, folder: Path, reports):
    assert verify(catalog=catalog) == []
    folder.mkdir()
    (folder / "halves.gguf").write_bytes(MODEL_BYTES)
    assert [verified.model.name for verified in verify((), reports, catalog=catalog)] == ["halves"]
    assert reports.told[-1] == ("halves: checking", len(MODEL_BYTES), len(MODEL_BYTES))


def test_an_unknown_name_is_an_error(catalog: Catalog, folder: Path):
    with pytest.raises(ModelError, match="no model called mund"):
        verify(["mund"], catalog=catalog)


class TestAModelWithoutAHashInTheCatalog:
    @pytest.fixture
    def hubby(self, folder: Path) -> Catalog:
        folder.mkdir()
        (folder / "hubby.gguf").write_bytes(MODEL_BYTES)
        return Catalog.model_validate({"models": [entry("hubby", HUB, sha256=None)]})

    def check(self, catalog: Catalog) -> VerifyResult:
        return verify(catalog=catalog)[0].result

    def test_is_compared_with_the_one_recorded_at_the_pull(self, hubby: Catalog, folder: Path):
        record_sha256(folder, hubby.models[0], sha256(MODEL_BYTES))
        assert self.check(hubby) is VerifyResult.OK
        record_sha256(folder, hubby.models[0], "0" * 64)
        assert self.check(hubby) is VerifyResult.WRONG_HASH

    def test_cannot_be_compared_when_it_was_put_there_by_hand(self, hubby: Catalog):
        assert self.check(hubby) is VerifyResult.UNKNOWN

    def test_survives_a_damaged_record(self, hubby: Catalog, folder: Path):
        (folder / FILE_NAME).write_text("[1,")
        assert self.check(hubby) is VerifyResult.UNKNOWN
        record_sha256(folder, hubby.models[0], sha256(MODEL_BYTES))
        assert self.check(hubby) is VerifyResult.OK
