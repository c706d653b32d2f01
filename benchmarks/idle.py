"""Measures voicemate's idle cost and its start time.

A real ``voicemate talk`` and a real ``voicemate run`` in a virtual room (PulseAudio null sinks, noise at -70 dBFS, a
separate microphone device), with the default persona and its greeting:

- seconds from the start of the process to listening: the first start in a fresh home, and later ones;
- memory of the process and its helpers after the greeting and after ``--turns`` sentences, and the size of the model
  files;
- CPU time over ``--seconds`` of silence, in percent of one core: in total (with helpers and ended threads, without
  the sound server), and by thread; also for push-to-talk, with a closed microphone.

    python benchmarks/idle.py

Results go to ``benchmarks/results/idle.json``. Linux only: the kernel's own counts are read.
"""

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.daemon_process import LOOK_S, DaemonProcess, HeldUp, furnish
from benchmarks.kept import Kept
from benchmarks.said_turns import in_room, sentences
from voicemate.config.loader import load
from voicemate.control.client import ControlClient
from voicemate.core.errors import ControlError, NotRunningError
from voicemate.core.events import FloorState
from voicemate.models.resolve import required_models, resolve
from voicemate.testing.pulseaudio_room import PulseAudioRoom
from voicemate.testing.talk_process import TalkProcess

RESULTS = Path(__file__).parent / "results" / "idle.json"

MODES = {"hands-free": "", "push-to-talk": "[push_to_talk]\nhands_free = false\n"}

SETTLE_S = 22.0
"""From listening to the measurement: the greeting is over, and the speaker is suspended (s)."""

ANSWER_S = 8.0
"""From the end of a sentence to the next one (s)."""


@dataclass
class Cost:
    """One program in one mode.

    Attributes:
        program: ``talk`` or ``run``.
        mode: one of ``MODES``.
        hearing: the speech recognition model.
        first_start_s: from the start of the process to listening, in a fresh home.
        later_starts_s: the same afterwards, in the same home.
        later_start_s: their median.
        cpu: percent of one core when idle.
        threads: of that, by thread; without those below 0.01.
        helpers: of that, by other processes.
        wakeups: of all threads, per second.
        seconds: length of the measurement.
        rss_mb: of the process and its helpers.
        pss_mb: the same, with shared memory counted once.
        turns: taken after that.
        later_rss_mb, later_pss_mb: after these turns.
        model_files_mb: size of the loaded models.
        held_up_s: how long this benchmark itself was stopped.
    """

    program: str
    mode: str
    hearing: str
    first_start_s: float = 0.0
    later_starts_s: list[float] = field(default_factory=list)
    later_start_s: float = 0.0
    cpu: float = 0.0
    threads: dict[str, float] = field(default_factory=dict)
    helpers: float = 0.0
    wakeups: float = 0.0
    seconds: float = 0.0
    rss_mb: float = 0.0
    pss_mb: float = 0.0
    turns: int = 0
    later_rss_mb: float = 0.0
    later_pss_mb: float = 0.0
    model_files_mb: float = 0.0
    held_up_s: float = 0.0


class Program(Protocol):
    """A started program."""

    def until_listening(self) -> float:
        """Wait until it listens; return the seconds since its start."""
        ...

    @property
    def pid(self) -> int: ...


class Talking:
    """``voicemate talk``."""

    def __init__(self, talk: TalkProcess):
        self._talk = talk

    def until_listening(self) -> float:
        return self._talk.wait_for("[listening]", timeout_s=60)

    @property
    def pid(self) -> int:
        return self._talk.pid


class Running:
    """``voicemate run``; its socket is unused once it listens."""

    def __init__(self, daemon: DaemonProcess):
        self._daemon = daemon

    def until_listening(self) -> float:
        with self._client() as client:
            client.call("events")
            while client.status().state == FloorState.STARTING:
                client.receive(60)
        return time.monotonic() - self._daemon.started

    @property
    def pid(self) -> int:
        return self._daemon.process.pid

    def _client(self) -> ControlClient:
        while self._daemon.process.poll() is None:
            try:
                return ControlClient()
            except (NotRunningError, ControlError):
                time.sleep(LOOK_S)
        raise RuntimeError("the daemon has ended")


@contextmanager
def started(program: str, environment: dict[str, str]) -> Iterator[Program]:
    """Start ``program``, and stop it properly after the body."""
    if program == "talk":
        with TalkProcess((), environment) as talk:
            yield Talking(talk)
    else:
        with DaemonProcess(environment) as daemon:
            yield Running(daemon)
            daemon.process.terminate()
            daemon.process.wait(20)


def measure(program: str, mode: str, arguments: argparse.Namespace) -> Cost:
    """Measure everything in a fresh home."""
    cost = Cost(program, mode, arguments.stt)
    settings = f'[stt]\nmodel = "{arguments.stt}"\n[audio]\ninput = "any"\n{MODES[mode]}'
    with (
        tempfile.TemporaryDirectory() as home,
        PulseAudioRoom() as room,
        room.separate_microphone(),
        HeldUp() as held_up,
    ):
        environment = room.environment | furnish(Path(home), settings)
        wanted = required_models(load())
        cost.model_files_mb = round(sum(resolve(name, role).stat().st_size for name, role in wanted.items()) / 1e6)
        with started(program, environment) as running:
            cost.first_start_s = round(running.until_listening(), 2)
            time.sleep(SETTLE_S)
            cost.rss_mb, cost.pss_mb = _memory(running.pid)
            if arguments.turns and mode == "hands-free":
                _talk_to_it(room, arguments.turns)
                cost.turns = len((Path(home) / "state" / "trace.jsonl").read_text().splitlines())
                cost.later_rss_mb, cost.later_pss_mb = _memory(running.pid)
            _watch_idling(running.pid, arguments.seconds, cost)
        for _ in range(arguments.starts):
            time.sleep(1)
            with started(program, environment) as running:
                cost.later_starts_s.append(round(running.until_listening(), 2))
        cost.later_start_s = statistics.median(cost.later_starts_s)
    cost.held_up_s = round(held_up.seconds, 1)
    return cost


def _talk_to_it(room: PulseAudioRoom, turns: int) -> None:
    """Say sentences with time for a reply to each, and settle."""
    spoken = itertools.cycle(in_room(clip) for clip in sentences(longest_s=4))
    for sound in itertools.islice(spoken, turns):
        room.say(sound, "nowhere")
        time.sleep(ANSWER_S)
    time.sleep(SETTLE_S)


def _watch_idling(pid: int, seconds: float, cost: Cost) -> None:
    before, began = Usage(pid), time.monotonic()
    time.sleep(seconds)
    after, took = Usage(pid), time.monotonic() - began
    cost.seconds = round(took, 1)
    cost.helpers = round(100 * (after.helpers_s - before.helpers_s) / took, 2)
    cost.cpu = round(100 * (after.own_s - before.own_s) / took + cost.helpers, 2)
    cost.wakeups = round((sum(after.waits.values()) - sum(before.waits.values())) / took, 1)
    shares = {name: round((ns - before.threads.get(name, 0)) / took / 1e7, 2) for name, ns in after.threads.items()}
    cost.threads = {name: share for name, share in shares.items() if share >= 0.01}


class Usage:
    """The CPU time of a process and its helpers so far, by the kernel's counts.

    Attributes:
        own_s: of the process, with ended threads.
        helpers_s: of its helpers.
        threads: of each thread (ns), by name and id.
        waits: voluntary context switches of each thread.
    """

    def __init__(self, pid: int):
        process = psutil.Process(pid)
        self.own_s = _processor_s(process)
        self.helpers_s = sum(_processor_s(child) for child in process.children(recursive=True))
        self.threads: dict[str, int] = {}
        self.waits: dict[str, int] = {}
        for task in Path(f"/proc/{pid}/task").iterdir():
            try:
                called, ran, status = (task / name for name in ("comm", "schedstat", "status"))
                name = "main" if task.name == str(pid) else f"{called.read_text().strip()} {task.name}"
                self.threads[name] = int(ran.read_text().split()[0])
                waits = next(line for line in status.read_text().splitlines() if line.startswith("voluntary"))
                self.waits[name] = int(waits.split()[1])
            except FileNotFoundError:  # the thread has ended
                continue


def _processor_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _memory(pid: int) -> tuple[float, float]:
    process = psutil.Process(pid)
    all_of_it = [one.memory_full_info() for one in (process, *process.children(recursive=True))]
    return round(sum(one.rss for one in all_of_it) / 1e6), round(sum(one.pss for one in all_of_it) / 1e6)


def main() -> None:
    arguments = _arguments()
    kept = Kept(RESULTS if arguments.keep else Path(os.devnull), ("program", "mode", "hearing"))
    for program, mode in (("run", "hands-free"), ("run", "push-to-talk"), ("talk", "hands-free")):
        if f"{program} {mode}" not in arguments.only:
            continue
        cost = measure(program, mode, arguments)
        kept.put(cost)
        print(
            f"{program:4} {mode:12} {cost.hearing}: starts {cost.first_start_s} s, then {cost.later_starts_s} s; "
            f"idle {cost.cpu}% of a core ({cost.threads}, helpers {cost.helpers}%), {cost.wakeups} wake-ups/s; "
            f"{cost.rss_mb:.0f} MB ({cost.later_rss_mb:.0f} after {cost.turns} turns; shared memory counted once: "
            f"{cost.pss_mb:.0f} and {cost.later_pss_mb:.0f}), model files "
            f"{cost.model_files_mb:.0f} MB; held up {cost.held_up_s} s",
            flush=True,
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--stt", default="whisper-tiny.en", help="the speech recognition model")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to watch it idle")
    parser.add_argument("--turns", type=int, default=8, help="sentences before memory is measured again")
    parser.add_argument("--starts", type=int, default=5, help="after the first")
    parser.add_argument(
        "--only",
        nargs="+",
        default=["run hands-free", "run push-to-talk", "talk hands-free"],
        help="some of these",
    )
    parser.add_argument("--no-keep", dest="keep", action="store_false", help="print the results only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
