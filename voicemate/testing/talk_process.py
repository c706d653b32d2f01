"""``voicemate talk`` as a separate process, for tests and benchmarks from outside."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

LISTENING = "[listening]"


class TalkProcess:
    """A running ``voicemate talk --no-view`` whose output can be waited for. A context manager.

    Args:
        options: of ``talk``.
        environment: variables in addition to this process's own.
        echo: print its lines as they come.
        prefix: words before the command, such as ``unshare --net``.

    Attributes:
        seen: the lines that ``wait_for`` has read.
    """

    def __init__(
        self,
        options: Sequence[str],
        environment: Mapping[str, str],
        echo: bool = False,
        prefix: Sequence[str] = (),
    ) -> None:
        self._command = [*prefix, sys.executable, "-m", "voicemate", "talk", "--no-view", *options]
        self._environment = {**os.environ, **environment, "PYTHONFAULTHANDLER": "1"}
        self._echo = echo
        self._lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []

    def __enter__(self) -> "TalkProcess":
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_accept_interrupts,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Stop the process and return its exit code. If it hangs, print its stacks and kill it."""
        if self._process.poll() is None:
            self._process.send_signal(by)
        try:
            return self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        print("it did not end:", *self.rest(), sep="\n", flush=True)
        return self._process.wait()

    def wait_for(self, beginning: str, timeout_s: float) -> float:
        """Wait for a line that begins with ``beginning``; return the seconds since the start."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"no line {beginning!r} within {timeout_s:.0f} s") from None
            self.seen.append(line)
            if self._echo:
                print(f"    {line}", flush=True)
            if line.strip().startswith(beginning):
                return time.monotonic() - self._started

    def rest(self) -> list[str]:
        """Return the unread lines, after the process has ended."""
        self._reader.join()
        lines: list[str] = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def wait_until_greeted(self, timeout_s: float = 60) -> float:
        """Wait until it has said its greeting; return the seconds from the start to the first listening."""
        seconds = self.wait_for(LISTENING, timeout_s)
        self.wait_for(LISTENING, timeout_s)
        return seconds

    def wait_until_answered(self, timeout_s: float = 60) -> None:
        """Wait until it has answered a question and listens again."""
        self.wait_for("gap ", timeout_s)
        self.wait_for(LISTENING, timeout_s)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip())


def _accept_interrupts() -> None:
    """Undo what a shell does to background jobs: they and their children ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
