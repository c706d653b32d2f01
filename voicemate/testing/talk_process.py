"""``voicemate talk`` as a process of its own, for tests and benchmarks that stand outside of it."""

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
    """A running ``voicemate talk --no-view`` whose lines can be waited for; a context manager.

    Args:
        options: of ``talk``.
        environment: variables on top of this process's own.
        echo: print its lines as they come.
        prefix: words before the command, such as ``unshare --net``.
    """

    def __init__(
        self,
        options: Sequence[str],
        environment: Mapping[str, str],
        echo: bool = False,
        prefix: Sequence[str] = (),
    ):
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
            # A shell that runs the tests in the background has them ignore Ctrl-C, and all that they start.
            preexec_fn=_heed_interrupts,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; returns its exit code. One that does not end has to show what it is at."""
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

    def wait_for(self, beginning: str, patience_s: float) -> float:
        """Wait for a line that begins so; returns the seconds since the start."""
        deadline = time.monotonic() + patience_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"no line {beginning!r} within {patience_s:.0f} s") from None
            self.seen.append(line)
            if self._echo:
                print(f"    {line}", flush=True)
            if line.strip().startswith(beginning):
                return time.monotonic() - self._started

    def rest(self) -> list[str]:
        """The lines that nobody waited for; to be asked when it has ended."""
        self._reader.join()
        lines: list[str] = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_greeted(self, patience_s: float = 60) -> float:
        """Wait until it listens and has said its greeting; returns the seconds from the start to listening."""
        seconds = self.wait_for(LISTENING, patience_s)
        self.wait_for(LISTENING, patience_s)
        return seconds

    def wait_until_answered(self, patience_s: float = 60) -> None:
        """Wait until a question was answered and it listens again."""
        self.wait_for("gap ", patience_s)
        self.wait_for(LISTENING, patience_s)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip())


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
