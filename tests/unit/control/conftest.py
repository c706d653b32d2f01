"""A path for a socket."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: a socket's path has at most 103 bytes."""
    with tempfile.TemporaryDirectory(prefix="vm-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "run" / "control.sock"
