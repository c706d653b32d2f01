"""Runs a real daemon in its own home and watches it through its control socket."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from voicemate.control.client import ControlClient, EventMessage
from voicemate.core.errors import ControlError, NotRunningError
from voicemate.core.paths import models_folder

PERSONA = 'name = "Pip"\ndescription = "Pip answers in three words."\n'
"""Short, and without a greeting to wait for."""

SETTINGS = 'persona = "pip"\n[stt]\nmodel = "whisper-tiny.en"\n'

LOOK_S = 0.02

_STEP_S = 0.25


def furnish(home: Path, settings: str = SETTINGS) -> dict[str, str]:
    """Write a persona and settings into ``home``, use it in this process too, and return its variables.

    Also lets SIGTERM end this process properly, so no daemon is left running.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    models = models_folder()
    (home / "config" / "personas").mkdir(parents=True)
    (home / "config" / "personas" / "pip.toml").write_text(PERSONA)
    (home / "config" / "settings.toml").write_text(settings)
    os.environ["VOICEMATE_HOME"] = str(home)
    return {"VOICEMATE_HOME": str(home), "VOICEMATE_MODELS": str(models)}


class DaemonProcess:
    """A running ``voicemate run`` and its events. A context manager, which kills it at the end.

    Args:
        environment: variables in addition to this process's own.

    Attributes:
        events: all events with the time at which they came (``time.monotonic``).
    """

    def __init__(self, environment: Mapping[str, str]):
        self._environment = {**os.environ, **environment}
        self.events: list[tuple[float, EventMessage]] = []
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()

    def __enter__(self) -> "DaemonProcess":
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "voicemate", "run"],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL to the daemon only; its helpers must notice that themselves."""
        self.process.kill()
        self.process.wait()

    def watch(self, patience_s: float = 60) -> None:
        """Wait until it answers, and collect its events from then on."""
        waited = 0.0
        while True:
            try:
                client = ControlClient()
                break
            except (NotRunningError, ControlError):
                if waited > patience_s or self.process.poll() is not None:
                    raise
                time.sleep(LOOK_S)
                waited += LOOK_S  # not a clock: this process may be stopped meanwhile
        threading.Thread(target=self._follow, args=(client,), daemon=True).start()

    def until(self, fits: Callable[[EventMessage], bool], since: int = 0, patience_s: float = 60) -> int:
        """Wait for a matching event from index ``since`` on; return its index in ``events``.

        Raises:
            TimeoutError: none came.
        """
        waited = 0.0
        while True:
            for place in range(since, len(self.events)):
                if fits(self.events[place][1]):
                    return place
            since = len(self.events)
            if waited >= patience_s:
                raise TimeoutError(f"no such event within {patience_s:.0f} s; the last was {self.events[-1:]}")
            began = time.monotonic()
            with contextlib.suppress(queue.Empty):
                self._news.get(timeout=_STEP_S)
            waited += min(_STEP_S, time.monotonic() - began)

    def until_listening(self, since: int = 0, patience_s: float = 60) -> int:
        return self.until(is_floor("listening"), since, patience_s)

    def ask(self, text: str) -> None:
        """Type a turn from another thread."""

        def ask() -> None:
            try:
                with ControlClient() as client:
                    client.call("ask", timeout_s=120, text=text)
            except (ControlError, NotRunningError):  # it was killed meanwhile
                pass

        threading.Thread(target=ask, daemon=True).start()

    def interrupt(self) -> None:
        """Interrupt the character."""
        with ControlClient() as client:
            client.call("interrupt")

    def resources(self) -> dict[str, float]:
        """Return its resources, with its helpers: resident MB, open files, threads, processes."""
        family = [psutil.Process(self.process.pid)]
        family += family[0].children(recursive=True)
        return {
            "rss_mb": round(sum(one.memory_info().rss for one in family) / 1e6, 2),
            "own_rss_mb": round(family[0].memory_info().rss / 1e6, 2),
            "files": sum(one.num_fds() for one in family),
            "threads": sum(one.num_threads() for one in family),
            "processes": len(family),
        }

    def _follow(self, client: ControlClient) -> None:
        with client:
            try:
                self._add(EventMessage("FloorChanged", {"state": client.status().state, "reason": "at the start"}))
                for event in client.watch(words=True):
                    self._add(event)
            except ControlError:
                pass

    def _add(self, event: EventMessage) -> None:
        self.events.append((time.monotonic(), event))
        self._news.put(None)


def is_floor(state: str, reason: str = "") -> Callable[[EventMessage], bool]:
    return lambda event: (
        event.name == "FloorChanged" and event.data["state"] == state and reason in event.data["reason"]
    )


def is_kind(kind: str, **fields: Any) -> Callable[[EventMessage], bool]:
    return lambda event: event.name == kind and all(event.data.get(name) == value for name, value in fields.items())


class HeldUp:
    """Measures how long this process was stopped or starved, in pieces of 0.5 s or more. A context manager.

    On a shared machine, what a benchmark measures while it is stopped itself is meaningless.

    Attributes:
        seconds: the total.
    """

    _TICK_S = 0.05
    _NOTICED_S = 0.5

    def __init__(self) -> None:
        self.seconds = 0.0
        self._ended = threading.Event()

    def __enter__(self) -> "HeldUp":
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _tick(self) -> None:
        before = time.monotonic()
        while not self._ended.wait(self._TICK_S):
            now = time.monotonic()
            late, before = now - before - self._TICK_S, now
            if late > self._NOTICED_S:
                self.seconds += late
