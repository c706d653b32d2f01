"""The parent's side of the speech worker process: starts it, sends requests, and kills it when it hangs."""

import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import voicemate
from voicemate.core.errors import SpeechError
from voicemate.core.worker_thread import Cancellation
from voicemate.tts.pyttsx3.worker_protocol import WorkerHello, WorkerReply, WorkerRequest, from_line, to_line

START_TIMEOUT_S = 20.0
"""Time for a start: 0.2 s on Linux, several seconds for the first one after a login on a busy Mac."""
CANCELLED_TIMEOUT_S = 0.5
"""Time for a cancelled phrase, before the worker is killed."""
_STOP_TIMEOUT_S = 0.5
_CANCEL_POLL_S = 0.05
"""Interval at which a wait checks for cancellation."""


class WorkerError(Exception):
    """The worker hung, ended, or failed on a request; a new one may succeed."""


class WorkerProcess:
    """One speech worker at a time, in a private folder for its phrases. Blocking; belongs to one thread.

    Args:
        driver: a module to use as pyttsx3's driver, empty for the system's own.

    Attributes:
        closing: set by any thread to abort a start in progress.
    """

    def __init__(self, driver: str = "") -> None:
        self.closing = Cancellation()
        self._driver = driver
        self._process: subprocess.Popen[bytes] | None = None
        self._hello: WorkerHello = {}
        self._folder: Path | None = None
        self._unread = b""

    def start(self) -> WorkerHello:
        """Start a worker if none runs, and return its first message.

        Raises:
            SpeechError: pyttsx3 or its driver cannot be loaded, or no process or folder can be made.
            WorkerError: the worker ended or hung before it was ready.
        """
        if self._process is None:
            self._launch()
        return self._hello

    @property
    def pid(self) -> int | None:
        """The worker's process id; None without one."""
        return self._process.pid if self._process else None

    @property
    def folder(self) -> Path:
        """A folder of mode 0700, in memory where the system has such a folder.

        Systems clean their temporary folders; when it is gone, the worker that used it is killed.
        """
        if self._folder is not None and not self._folder.is_dir():
            self.kill()
            self._folder = None
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="voicemate-speech-", dir=_memory_folder()))
        return self._folder

    def request(self, request: WorkerRequest, timeout_s: float, cancellation: Cancellation) -> WorkerReply:
        """Send ``request`` and return the reply; a worker is started if none runs.

        After a ``WorkerError`` the worker is gone, and the next call starts another.

        Args:
            request: the message.
            timeout_s: for the reply, in seconds.
            cancellation: shortens the wait to ``CANCELLED_TIMEOUT_S``.

        Raises:
            SpeechError: as ``start``.
            WorkerError: as ``start``; or no reply in time, or the worker failed.
        """
        self.start()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(to_line(request))
            self._process.stdin.flush()
        except OSError:
            raise self._fail("ended") from None
        reply: WorkerReply = self._read(timeout_s, cancellation)
        if "failed" in reply:
            raise self._fail(f"failed: {reply['failed']}")
        return reply

    def stop(self) -> None:
        """End the worker and remove its folder; may be called twice."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                pass
            self.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _launch(self) -> None:
        try:
            self._process = self._open()
        except OSError as error:
            raise SpeechError(
                f"The speech worker cannot be started: {error}", "Free some disk space, or install voicemate again"
            ) from None
        self._unread = b""
        self._hello = self._read(START_TIMEOUT_S, self.closing)
        if "missing" in self._hello:
            missing = self._hello["missing"].rstrip(".!")
            self.kill()
            raise SpeechError(f"The system's speech engine cannot be used: {missing}", _install_hint())

    def _open(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "voicemate.tts.pyttsx3.worker", str(self.folder), self._driver]
        with self._log.open("wb") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                process_group=0,  # Ctrl-C at the terminal is for the parent alone
            )

    def _read(self, timeout_s: float, cancellation: Cancellation) -> Any:
        """Read the worker's next message."""
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout_s
        hurried = False
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if cancellation.cancelled and not hurried:
                    deadline, hurried = min(deadline, time.monotonic() + CANCELLED_TIMEOUT_S), True
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._fail("did not answer in time")
                if selector.select(min(left, _CANCEL_POLL_S)):
                    some = os.read(pipe, 65536)
                    if not some:
                        raise self._fail("ended")
                    self._unread += some
        line, _, self._unread = self._unread.partition(b"\n")
        return from_line(line)

    def _fail(self, what: str) -> WorkerError:
        """Kill the worker, and return an error with the last line it wrote to stderr."""
        self.kill()
        lines = self._log.read_text("utf-8", "replace").strip().splitlines() if self._log.exists() else []
        return WorkerError(f"{what} ({lines[-1].strip()})" if lines else what)

    def kill(self) -> None:
        """Kill the worker, if one runs; the next call starts another."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:  # unwritten bytes have no reader any more
                pass
        self._process = None

    @property
    def _log(self) -> Path:
        return self.folder / "stderr"


def _memory_folder() -> str | None:
    """Return a folder in memory: the login session's private one or Linux's shared one; None without either."""
    for folder in (os.environ.get("XDG_RUNTIME_DIR"), "/dev/shm"):
        if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return folder
    return None


def _environment() -> dict[str, str]:
    """Return this process's environment, with the path of this ``voicemate``."""
    found = str(Path(voicemate.__file__).parents[1])
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (found, os.environ.get("PYTHONPATH"))))}


def _install_hint() -> str:
    if sys.platform == "darwin":
        return "Install voicemate's Python packages again: pyttsx3 needs pyobjc to reach the system's voices"
    return "Install espeak-ng, on Debian and Ubuntu with `sudo apt install espeak-ng`"
