"""Fetches weights from a model hub, with the optional package huggingface_hub."""

import importlib
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicemate.core.errors import DownloadError
from voicemate.models.catalog import HubSource
from voicemate.models.storage import AppendingFile, ByteProgress

_HEADERS = {"Accept-Encoding": "identity"}
"""Compressed responses ignore the range of a resumed download."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of the hub: its size in bytes and sha256."""

    size: int
    sha256: str


def file_info(source: HubSource, timeout: float = 10.0) -> HubFile:
    """Ask the hub for the size and hash of a file; ``timeout`` in seconds for each step of the answer.

    Raises:
        DownloadError: huggingface_hub is not installed, the hub cannot be reached, or it has no such file.
    """
    library = _huggingface_hub()
    try:
        answer = library.get_hf_file_metadata(_url(source), token=False, timeout=timeout)
    except Exception as error:  # the library's own errors, its HTTP client's, and plain OSErrors
        raise _download_error(source, error) from None
    if not answer.size or len(answer.etag or "") != 64:
        raise DownloadError(f"The hub states no size and sha256 for {source.repo}/{source.path}")
    return HubFile(answer.size, answer.etag)


def fetch(source: HubSource, size: int, part: Path, watch: ByteProgress) -> None:
    """Fetch the file of ``size`` bytes into ``part``; resumes an earlier attempt.

    Raises:
        DownloadError: huggingface_hub is not installed, or the hub cannot be reached or the connection breaks.
        OSError: the disk refuses.
    """
    _huggingface_hub()
    file_download: Any = importlib.import_module("huggingface_hub.file_download")
    utils: Any = importlib.import_module("huggingface_hub.utils")
    utils.disable_progress_bars()
    with AppendingFile(part, watch) as file:
        begun = file.tell()
        if begun > size:
            file.truncate(0)
            begun = file.seek(0)
        headers = {**utils.build_hf_headers(token=False), **_HEADERS}
        try:
            file_download.http_get(_url(source), file, resume_size=begun, headers=headers, expected_size=size)
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's, not the hub's
            raise _download_error(source, error) from None


def reachable(source: HubSource, timeout: float = 3.0) -> bool:
    """Return whether the hub answers a request for a file within ``timeout`` seconds.

    The request runs in a thread, since a name lookup without a network has no time-out of its own.
    """
    answered: list[HubFile] = []

    def ask() -> None:
        try:
            answered.append(file_info(source, timeout))
        except DownloadError:
            pass

    thread = threading.Thread(target=ask, name="hub-reachable", daemon=True)
    thread.start()
    thread.join(timeout)
    return bool(answered)


def _huggingface_hub() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise DownloadError(
            "This model comes from a hub, and huggingface_hub, which fetches it, is not installed",
            f"Run `{sys.executable} -m pip install huggingface_hub` and try again",
        ) from None
    return huggingface_hub


def _url(source: HubSource) -> str:
    return _huggingface_hub().hf_hub_url(source.repo, source.path, revision=source.revision)


def _download_error(source: HubSource, error: Exception) -> DownloadError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return DownloadError(
        f"The hub did not give {source.repo}/{source.path}: {reason}",
        "Check the network and try again: what is already fetched is kept",
    )
