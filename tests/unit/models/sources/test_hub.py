"""Pulling from a model hub, simulated by a local server."""

import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_files import MODEL_BYTES, entry, sha256
from voicemate.core.errors import DownloadError
from voicemate.models import listing
from voicemate.models.catalog import Catalog, HubSource
from voicemate.models.sources import hub
from voicemate.models.sources.pull import PARTIAL_FOLDER, pull
from voicemate.models.verify import VerifyResult, verify

pytest.importorskip("huggingface_hub", reason="the optional package huggingface_hub is not installed")

SOURCE = {"kind": "hub", "repo": "someone/minds", "path": "hubby.gguf", "revision": "0" * 40}


class Hub(ThreadingHTTPServer):
    """Serves one file, with ranges.

    Attributes:
        serves: the file; ``states`` the hash it is said to have.
        ranges: the ranges that were asked for, "" for the whole.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.serves, self.states = MODEL_BYTES, sha256(MODEL_BYTES)
        self.ranges: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hubby.gguf"


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("ETag", f'"{self.server.states}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", str(len(self.server.serves)))
        self.end_headers()

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        data = self.server.serves
        begin = re.match(r"bytes=(\d+)-", asked)
        if begin:
            data = data[int(begin[1]) :]
            self.send_response(206)
            last = len(self.server.serves) - 1
            self.send_header("Content-Range", f"bytes {begin[1]}-{last}/{len(self.server.serves)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(hub, "_url", lambda source: server.address)
        yield server
        server.shutdown()
        thread.join()


def catalog(**changed: Any) -> Catalog:
    return Catalog.model_validate({"models": [entry("hubby", SOURCE, **changed)]})


def test_a_model_comes_from_the_hub(server: Hub, folder: Path, reports):
    (pulled,) = pull(["hubby"], reports, catalog=catalog())
    assert pulled.path.read_bytes() == MODEL_BYTES
    assert pulled.path.stat().st_mode & 0o777 == 0o644
    assert not (folder / PARTIAL_FOLDER).exists()
    assert reports.stages == ["hubby: fetching", "hubby: checking"]
    assert reports.told[-1] == ("hubby: checking", len(MODEL_BYTES), len(MODEL_BYTES))


def test_an_interrupted_download_is_resumed(server: Hub, folder: Path):
    part = folder / PARTIAL_FOLDER / "hubby" / f"{sha256(MODEL_BYTES)}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(MODEL_BYTES[:60_000])
    pull(["hubby"], catalog=catalog())
    assert server.ranges == ["bytes=60000-"]
    assert (folder / "hubby.gguf").read_bytes() == MODEL_BYTES


def test_a_finished_download_is_not_fetched_again(server: Hub, folder: Path):
    part = folder / PARTIAL_FOLDER / "hubby" / f"{sha256(MODEL_BYTES)}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(MODEL_BYTES)
    pull(["hubby"], catalog=catalog())
    assert server.ranges == []


def test_a_part_that_is_too_long_is_fetched_again(server: Hub, folder: Path):
    part = folder / PARTIAL_FOLDER / "hubby" / f"{sha256(MODEL_BYTES)}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(len(MODEL_BYTES) + 1))
    pull(["hubby"], catalog=catalog())
    assert (folder / "hubby.gguf").read_bytes() == MODEL_BYTES


def test_a_damaged_download_is_deleted(server: Hub, folder: Path):
    server.serves = MODEL_BYTES[::-1]
    with pytest.raises(DownloadError, match=r"hubby\.gguf arrived damaged"):
        pull(["hubby"], catalog=catalog())
    assert not (folder / "hubby.gguf").exists()
    assert not list((folder / PARTIAL_FOLDER / "hubby").iterdir())
    server.serves = MODEL_BYTES
    pull(["hubby"], catalog=catalog())


def test_a_hash_the_catalog_lacks_is_taken_from_the_hub_and_kept_for_verify(server: Hub, folder: Path):
    unknown = catalog(sha256=None)
    pull(["hubby"], catalog=unknown)
    assert verify(catalog=unknown)[0].result is VerifyResult.OK
    (folder / "hubby.gguf").write_bytes(MODEL_BYTES[:-1] + b"\x01")
    assert verify(catalog=unknown)[0].result is VerifyResult.WRONG_HASH


def test_a_file_without_a_hash_is_not_trusted(server: Hub, folder: Path):
    server.states = "main"
    with pytest.raises(DownloadError, match="states no size and sha256"):
        pull(["hubby"], catalog=catalog(sha256=None))


def test_a_file_of_another_size_than_the_catalogs_is_refused(server: Hub, folder: Path):
    with pytest.raises(DownloadError, match=r"hubby\.gguf is not the file the catalog means"):
        pull(["hubby"], catalog=catalog(sha256=None, size=7))
    assert server.ranges == []


def test_an_error_of_the_hub_has_its_reason(server: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Answer, "do_HEAD", lambda self: self.send_error(404))
    with pytest.raises(DownloadError, match=r"The hub did not give someone/minds/hubby\.gguf: .*404"):
        pull(["hubby"], catalog=catalog(sha256=None))


def test_without_the_package_the_error_says_how_to_install_it(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(DownloadError, match=r"not installed.*-m pip install huggingface_hub"):
        pull(["hubby"], catalog=catalog())
    assert not listing.hub_reachable(catalog=catalog())


def test_a_hub_that_answers_is_reachable(server: Hub, monkeypatch: pytest.MonkeyPatch):
    assert listing.hub_reachable(catalog=catalog())
    monkeypatch.setattr(Answer, "do_HEAD", lambda self: self.send_error(503))
    assert not listing.hub_reachable(catalog=catalog())


def test_a_hub_that_does_not_answer_in_time_is_not_reachable(monkeypatch: pytest.MonkeyPatch):
    never = threading.Event()
    monkeypatch.setattr(hub, "file_info", lambda source, timeout: never.wait(10))
    assert not hub.reachable(HubSource.model_validate(SOURCE), timeout=0.05)
    never.set()
