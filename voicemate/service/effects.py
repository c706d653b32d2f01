"""The only place where the service room touches the machine: commands, files, waiting.

A procedure is a generator: it yields what it wants done, is sent the answer, and returns its result. So it knows no
clock and no process, and is tested against launchds and systemds that behave as badly as the real ones.
"""

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import Protocol, TypeVar

from voicemate.core.errors import ServiceError
from voicemate.core.paths import make_private_folder

T = TypeVar("T")

NOT_FOUND = 127
"""The code of a command that is not on this machine, as shells have it."""
TIMED_OUT = 124
"""The code of a command that did not end in time, as ``timeout`` has it."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command ended with."""

    code: int = 0
    out: str = ""
    err: str = ""

    @property
    def first_line(self) -> str:
        """The first line of what it complained, for messages."""
        return ((self.err.strip() or self.out.strip()).splitlines() or [""])[0].strip()


@dataclass(frozen=True, slots=True)
class RunCommand:
    """A command to run.

    Args:
        hoped: the answer a rehearsal goes on with instead of running it; without one it is run there too.
        looks: it changes nothing, and a rehearsal does not tell of it.
    """

    argv: tuple[str, ...]
    dry_run_result: CommandResult | None = None
    read_only: bool = False
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Wait:
    """A time to wait for the machine to get on."""

    seconds: float


Procedure = Generator[RunCommand | Wait, CommandResult, T]


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is to be."""

    path: Path
    data: bytes
    mode: int = 0o644


class Machine(Protocol):
    """Where procedures are carried out. All calls block; OSError where the disk refuses."""

    def run(self, call: RunCommand) -> CommandResult: ...

    def wait(self, pause: Wait) -> None: ...

    def read(self, path: Path) -> File | None:
        """The file at ``path`` as it is; None where there is none."""
        ...

    def write(self, file: File) -> None:
        """Put a file in place, at once and whole; a missing folder is made, a private one for a private file."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file, and the folders of an application bundle that this leaves empty; nothing if it is gone."""
        ...

    def exclusive_lock(self, path: Path) -> AbstractContextManager[None]:
        """While the body runs, no other process that locks the file at ``path`` does.

        Raises:
            ServiceError: another one does.
        """
        ...


def run_procedure(procedure: Procedure[T], machine: Machine) -> T:
    """Do what ``procedure`` wants done until it returns."""
    answer: CommandResult | None = None
    while True:
        try:
            wanted = next(procedure) if answer is None else procedure.send(answer)
        except StopIteration as done:
            return done.value
        if isinstance(wanted, RunCommand):
            answer = machine.run(wanted)
        else:
            machine.wait(wanted)
            answer = CommandResult()


class LocalMachine:
    """The machine that we run on."""

    def run(self, call: RunCommand) -> CommandResult:
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
        time.sleep(pause.seconds)

    def read(self, path: Path) -> File | None:
        try:
            return File(path, path.read_bytes(), path.stat().st_mode & 0o7777)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, file: File) -> None:
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
    def exclusive_lock(self, path: Path) -> Iterator[None]:
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
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if ".app" not in str(folder):
                return
            try:
                folder.rmdir()
            except OSError:  # not empty, or gone
                return


class DryRun:
    """Tells every file and command instead of doing it; looking is done for real.

    Args:
        tell: gets one line each.
        journal: a folder whose files are not told, since they are gone again at the end.
    """

    def __init__(self, real: Machine, report: Callable[[str], None], journal: Path):
        self._real = real
        self._report = report
        self._journal = journal
        self._files: dict[Path, File | None] = {}

    def run(self, call: RunCommand) -> CommandResult:
        if call.dry_run_result is None:
            return self._real.run(call)
        if not call.read_only:
            self._report(f"run     {join(call.argv)}")
        return call.dry_run_result

    def wait(self, pause: Wait) -> None:
        pass

    def read(self, path: Path) -> File | None:
        return self._files[path] if path in self._files else self._real.read(path)

    def write(self, file: File) -> None:
        self._files[file.path] = file
        if file.path.parent != self._journal:
            self._report(f"write   {file.path}  (mode {file.mode:04o})")

    def remove(self, path: Path) -> None:
        if self.read(path):
            self._files[path] = None
            if path.parent != self._journal:
                self._report(f"remove  {path}")

    def exclusive_lock(self, path: Path) -> AbstractContextManager[None]:
        return nullcontext()
