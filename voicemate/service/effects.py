"""The service's effects on the machine: commands, files, waiting.

A procedure is a generator: it yields an effect, is sent the result of a command, and returns its own result. It uses
neither clock nor process itself, so tests run it against simulated supervisors.
"""

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import Protocol, TypeVar

from voicemate.core.errors import ServiceError
from voicemate.core.paths import make_private_folder

T = TypeVar("T")

NOT_FOUND = 127
"""Exit code of a command that does not exist, as in shells."""
TIMED_OUT = 124
"""Exit code of a command that timed out, as with ``timeout``."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The exit code and output of a command."""

    code: int = 0
    out: str = ""
    err: str = ""

    @property
    def first_line(self) -> str:
        """The first line of its error output, or else of its output, for messages."""
        return ((self.err.strip() or self.out.strip()).splitlines() or [""])[0].strip()


@dataclass(frozen=True, slots=True)
class RunCommand:
    """A command to run.

    Args:
        dry_run_result: a dry run uses this result instead of running it; None to run it there too.
        read_only: it changes nothing, so a dry run does not list it.
    """

    argv: tuple[str, ...]
    dry_run_result: CommandResult | None = None
    read_only: bool = False
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause."""

    seconds: float


Procedure = Generator[RunCommand | Wait, CommandResult, T]


@dataclass(frozen=True, slots=True)
class File:
    """A file with its content and mode."""

    path: Path
    data: bytes
    mode: int = 0o644


class Machine(Protocol):
    """Carries out effects. All calls block; file access raises OSError."""

    def run(self, call: RunCommand) -> CommandResult:
        """Run a command; never raises for one that fails."""
        ...

    def wait(self, pause: Wait) -> None:
        """Wait."""

    def read(self, path: Path) -> File | None:
        """Return the file at ``path``, or None."""
        ...

    def write(self, file: File) -> None:
        """Write a file atomically. Creates its folder, private for a private file."""

    def remove(self, path: Path) -> None:
        """Remove a file, if it exists, and the folders of an application bundle that this leaves empty."""

    def exclusive_lock(self, path: Path) -> AbstractContextManager[None]:
        """Lock the file at ``path`` against other processes while the body runs.

        Raises:
            ServiceError: another process holds the lock.
        """
        ...


def run_procedure(procedure: Procedure[T], machine: Machine) -> T:
    """Carry out the effects of ``procedure``; return its result."""
    answer: CommandResult | None = None
    while True:
        try:
            effect = next(procedure) if answer is None else procedure.send(answer)
        except StopIteration as done:
            return done.value
        if isinstance(effect, RunCommand):
            answer = machine.run(effect)
        else:
            machine.wait(effect)
            answer = CommandResult()


class LocalMachine:
    """This machine."""

    def run(self, call: RunCommand) -> CommandResult:
        """See ``Machine``."""
        try:
            done = subprocess.run(
                call.argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=call.timeout_s,
                env=os.environ | {"LC_ALL": "C"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            return CommandResult(TIMED_OUT, err=f"{call.argv[0]} did not end within {call.timeout_s:.0f} s")
        except OSError as error:
            return CommandResult(NOT_FOUND, err=f"{call.argv[0]}: {error.strerror}")
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def wait(self, pause: Wait) -> None:
        """See ``Machine``."""
        time.sleep(pause.seconds)

    def read(self, path: Path) -> File | None:
        """See ``Machine``."""
        try:
            return File(path, path.read_bytes(), path.stat().st_mode & 0o7777)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, file: File) -> None:
        """See ``Machine``."""
        private = not file.mode & 0o077
        file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if private else 0o755)
        descriptor, draft = tempfile.mkstemp(prefix=f".{file.path.name}.", dir=file.path.parent)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(file.data)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(draft, file.mode)
            os.replace(draft, file.path)
        except BaseException:
            os.unlink(draft)
            raise

    @contextmanager
    def exclusive_lock(self, path: Path) -> Generator[None]:
        """See ``Machine``."""
        make_private_folder(path.parent)
        with open(path, "ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ServiceError(
                    "The service is being installed or uninstalled by another process", "Wait for it to end"
                ) from None
            yield

    def remove(self, path: Path) -> None:
        """See ``Machine``."""
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if ".app" not in str(folder):
                return
            try:
                folder.rmdir()
            except OSError:  # not empty, or gone
                return


class DryRun:
    """Reports files and commands instead of writing and running them. Reads for real.

    Args:
        report: receives a line for each.
        journal: a folder whose files are not reported, since they are temporary.
    """

    def __init__(self, real: Machine, report: Callable[[str], None], journal: Path) -> None:
        self._real = real
        self._report = report
        self._journal = journal
        self._files: dict[Path, File | None] = {}

    def run(self, call: RunCommand) -> CommandResult:
        """See ``Machine``."""
        if call.dry_run_result is None:
            return self._real.run(call)
        if not call.read_only:
            self._report(f"run     {join(call.argv)}")
        return call.dry_run_result

    def wait(self, pause: Wait) -> None:
        """See ``Machine``."""

    def read(self, path: Path) -> File | None:
        """See ``Machine``."""
        return self._files[path] if path in self._files else self._real.read(path)

    def write(self, file: File) -> None:
        """See ``Machine``."""
        self._files[file.path] = file
        if file.path.parent != self._journal:
            self._report(f"write   {file.path}  (mode {file.mode:04o})")

    def remove(self, path: Path) -> None:
        """See ``Machine``."""
        if self.read(path):
            self._files[path] = None
            if path.parent != self._journal:
                self._report(f"remove  {path}")

    def exclusive_lock(self, path: Path) -> AbstractContextManager[None]:
        """See ``Machine``."""
        return nullcontext()
