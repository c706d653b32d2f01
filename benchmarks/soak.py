"""Measures memory, open files and threads over hours of conversation.

    python benchmarks/soak.py virtual --hours 8
    python benchmarks/soak.py real --minutes 30

*virtual*: a whole daemon in this process, with its real session, floor, history and trace, but scripted engines, in
the simulated room on a virtual clock. *real*: a daemon with the starter models in a virtual room (PulseAudio null
sinks), to which recordings of people are played; measured from outside, with its helpers. Time in which the benchmark
itself was stopped does not count.

The person's behaviour is random with a fixed seed: turns, some typed, coughs, interruptions, pauses. Memory is flat
if a line through the second half of the time grows by less than 2%. Results go to
``benchmarks/results/soak-virtual.json`` and ``soak-real.json``.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soxr

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.daemon_process import DaemonProcess, HeldUp, furnish, is_floor, is_kind
from benchmarks.kept import keep
from voicemate.app.audio_devices import AudioDevices
from voicemate.config.schema import Settings, VadSettings
from voicemate.conversation.chat_history import ChatHistory
from voicemate.conversation.recognizer import SpeechRecognizer
from voicemate.conversation.turn_pipeline import Engines
from voicemate.core.clock import SampleClock
from voicemate.core.events import Event, FloorChanged, FloorState, ReplyEnded
from voicemate.daemon.conversation_factory import LocalConversationFactory
from voicemate.daemon.daemon import Daemon
from voicemate.llm.context_window import ContextWindow
from voicemate.personas.library import LibraryPersona
from voicemate.personas.persona import Persona
from voicemate.system import heap
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom
from voicemate.testing.scripted_engines import (
    LoudnessDetector,
    ScriptedLanguageModel,
    ScriptedSynthesizer,
    ScriptedTranscriber,
    loud_clip,
)
from voicemate.testing.simulated_room import SimulatedRoom
from voicemate.testing.speech_corpus import load_corpus
from voicemate.testing.virtual_time import run_virtual
from voicemate.vad.segmenter import SpeechSegmenter

SAMPLES = 48
"""How many times resources are measured."""

FLAT = 0.02

PERSONA = Persona(name="Pip", description="A test.")


@dataclass
class Held:
    """Resources at one moment; ``at_s`` from the start, on the conversation's clock."""

    at_s: float
    turns: int
    rss_mb: float
    files: int
    threads: int
    objects: int | None = None


# ---------------------------------------------------------------- on the virtual clock


class ScriptedEngines:
    """Scripted engines that keep no record of their calls."""

    def __init__(self) -> None:
        words = "This is what there is to say about it, and it takes a moment to say it all."
        self._mind = ScriptedLanguageModel(default=words, warmed=deque(maxlen=1), requests=deque(maxlen=1))  # type: ignore[arg-type]
        self._mind.decoded = deque(maxlen=1)  # type: ignore[assignment]
        self._dialogue: ChatHistory | None = None

    async def load(self, settings: Settings, persona: Persona) -> Engines:
        if self._dialogue is None:
            self._dialogue = ChatHistory(
                persona, self._mind, ContextWindow(persona, 2048, self._mind.count_tokens), seed=1
            )
        transcriber = ScriptedTranscriber(["tell me what you know about it"], calls=deque(maxlen=1))  # type: ignore[arg-type]
        synthesizer = ScriptedSynthesizer(rendered=deque(maxlen=1))  # type: ignore[arg-type]
        return Engines(
            SpeechRecognizer(SpeechSegmenter(LoudnessDetector(), VadSettings(), 20), transcriber),
            self._dialogue,
            synthesizer,
        )

    def start_reloading(self) -> None:
        pass

    async def reload(self) -> None:
        pass

    async def unload(self) -> None:
        pass

    async def close(self) -> None:
        pass


class _SoakFactory(LocalConversationFactory):
    """Makes conversations in a simulated room, with the history of this account."""

    def __init__(self, make_devices: Callable[[Settings], AudioDevices]):
        super().__init__(Settings(), ScriptedEngines())
        self._make_devices = make_devices

    def find_persona(self, name: str) -> LibraryPersona:
        return LibraryPersona("pip", PERSONA, Path("pip.toml"), "shipped")

    def make_devices(self, settings: Settings, with_microphone: bool) -> AudioDevices:
        return self._make_devices(settings)


class Hours:
    """A daemon on the virtual clock, and the person who talks to it."""

    def __init__(self, hours: float, seed: int):
        self._seconds = 3600 * hours
        self._draw = random.Random(seed)
        self._done: Counter[str] = Counter()
        self.held: list[Held] = []
        self._state = FloorState.STARTING
        self._turns = 0

    async def run(self) -> Counter[str]:
        keeper = Daemon(_SoakFactory(self._stage))
        keeper.subscribe(self._happened)
        keeping = asyncio.create_task(keeper.run())
        loop = asyncio.get_running_loop()
        while self._state is not FloorState.LISTENING:
            await asyncio.sleep(0.1)
        every = self._seconds / SAMPLES
        while loop.time() < self._seconds:
            await self._do_something(keeper)
            if loop.time() >= every * (len(self.held) + 1):
                self._look(loop.time())
        keeper.stop()
        await keeping
        return self._done

    async def _do_something(self, keeper: Daemon) -> None:
        ways = {"speak": 50, "type": 15, "cough": 10, "interrupt": 15, "change": 1, "wait": 9}
        what = self._draw.choices(list(ways), list(ways.values()))[0]
        self._done[what] += 1
        match what:
            case "speak":
                await self._room.say(loud_clip(self._draw.uniform(0.8, 5)))
                await self._room.wait_until_answered()
            case "type":
                with contextlib.suppress(Exception):
                    await keeper.ask("who are you", request_id="soak")
            case "cough":
                await self._room.say(loud_clip(0.06))
                await self._room.wait_until_quiet()
            case "interrupt":
                await self._room.say(loud_clip(2))
                await asyncio.sleep(self._draw.uniform(1, 3))
                await self._room.say(loud_clip(self._draw.uniform(1, 3)))
                await self._room.wait_until_answered()
            case "change":  # builds a new conversation
                await keeper.listen(False)
                await asyncio.sleep(5)
                await keeper.listen(True)
                while self._state is not FloorState.LISTENING:
                    await asyncio.sleep(0.1)
            case "wait":
                await asyncio.sleep(self._draw.uniform(1, 60))

    def _stage(self, settings: Settings) -> AudioDevices:
        clock = SampleClock()
        self._room = SimulatedRoom(clock, noise_dbfs=-65)
        self._room._recorded = deque(maxlen=1)  # type: ignore[assignment]  # no recording of eight hours is needed
        self._room.speaker._played = deque(maxlen=2_000)  # type: ignore[assignment]
        return AudioDevices(self._room.microphone, self._room.speaker, clock)

    def _happened(self, event: Event) -> None:
        if isinstance(event, FloorChanged):
            self._state = event.state
        elif isinstance(event, ReplyEnded):
            self._turns += 1

    def _look(self, at: float) -> None:
        heap.release_memory()
        process = psutil.Process()
        self.held.append(
            Held(
                round(at),
                self._turns,
                round(process.memory_info().rss / 1e6, 2),
                process.num_fds(),
                process.num_threads(),
                len(gc.get_objects()),
            )
        )
        print(self.held[-1], flush=True)


def virtual(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["VOICEMATE_HOME"] = home
        began = time.monotonic()
        hours = Hours(arguments.hours, arguments.seed)
        done = run_virtual(hours.run())
        took = time.monotonic() - began
    command = f"python benchmarks/soak.py virtual --hours {arguments.hours:g} --seed {arguments.seed}"
    write("soak-virtual", command, hours.held, {"hours": arguments.hours, "took_s": round(took), "did": dict(done)})


# ---------------------------------------------------------------- with the starter models


def real(arguments: argparse.Namespace) -> None:
    draw, seconds = random.Random(arguments.seed), 60 * arguments.minutes
    spoken = [
        soxr.resample(clip.pcm(), 16_000, RATE)
        for clip in load_corpus()
        if clip.language == "en" and clip.kind == "speech" and clip.speech_end_s - clip.speech_start_s < 6
    ]
    held: list[Held] = []
    done: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, PulseAudioRoom() as room:
        environment = room.environment | furnish(Path(folder))
        with DaemonProcess(environment) as daemon, HeldUp() as held_up:
            daemon.watch()
            daemon.until_listening()
            began = time.monotonic()
            while (at := time.monotonic() - began - held_up.seconds) < seconds:
                place = len(daemon.events)
                what = draw.choices(("speak", "type", "interrupt", "wait"), (60, 15, 20, 5))[0]
                done[what] += 1
                with contextlib.suppress(TimeoutError, subprocess.TimeoutExpired):
                    _act(daemon, room, draw, spoken, what, place)
                if at >= seconds / SAMPLES * (len(held) + 1):
                    found = daemon.resources()
                    turns = sum(told.name == "ReplyEnded" for _, told in daemon.events)
                    held.append(Held(round(at), turns, found["rss_mb"], int(found["files"]), int(found["threads"])))
                    print(held[-1], found, flush=True)
                    write("soak-real", "under way", held, {"minutes": round(at / 60, 1), "did": dict(done)})
            faults = Counter(told.data["component"] for _, told in daemon.events if told.name == "Fault")
            alive = daemon.process.poll() is None
    command = f"python benchmarks/soak.py real --minutes {arguments.minutes:g} --seed {arguments.seed}"
    write(
        "soak-real",
        command,
        held,
        {"minutes": arguments.minutes, "did": dict(done), "faults": dict(faults), "alive_at_the_end": alive},
    )


def _act(
    daemon: DaemonProcess, room: PulseAudioRoom, draw: random.Random, spoken: list[np.ndarray], what: str, place: int
) -> None:
    if what == "wait":
        time.sleep(draw.uniform(1, 10))
        return
    if what == "type":
        daemon.ask("What do you think of the weather?")
    else:
        room.say(draw.choice(spoken))
    place = daemon.until(is_floor("speaking"), place, patience_s=20)
    if what == "interrupt":
        room.say(draw.choice(spoken))
        place = daemon.until(is_kind("ReplyEnded"), place, patience_s=20)
    try:
        daemon.until(is_kind("ReplyEnded"), place, patience_s=15)
    except TimeoutError:
        daemon.interrupt()
        daemon.until(is_kind("ReplyEnded"), place, patience_s=20)
    daemon.until_listening(place, patience_s=20)


# ---------------------------------------------------------------- what is made of it


def growth(held: list[Held]) -> float | None:
    """Return the relative growth of memory over the second half, by a fitted line; None without enough samples."""
    later = held[len(held) // 2 :]
    if len(later) < 3:
        return None
    at, rss = np.array([one.at_s for one in later], dtype=float), np.array([one.rss_mb for one in later])
    slope, _ = np.polyfit(at, rss, 1)
    return float(slope * (at[-1] - at[0]) / rss[0])


def write(name: str, command: str, held: list[Held], more: dict[str, Any]) -> None:
    half, grown = held[len(held) // 2 :], growth(held)
    summary = more | {
        "turns": held[-1].turns,
        "growth_in_the_second_half": None if grown is None else round(grown, 4),
        "rss_mb": [half[0].rss_mb, half[-1].rss_mb],
        "files": [half[0].files, half[-1].files],
        "threads": [half[0].threads, half[-1].threads],
        "flat": grown is not None and bool(abs(grown) <= FLAT),
    }
    print(json.dumps(summary))
    keep(name, command, summary=summary, held=[asdict(one) for one in held])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    kinds = parser.add_subparsers(required=True)
    on_virtual_clock = kinds.add_parser("virtual")
    on_virtual_clock.add_argument("--hours", type=float, default=8)
    on_virtual_clock.set_defaults(run=virtual)
    with_models = kinds.add_parser("real")
    with_models.add_argument("--minutes", type=float, default=30)
    with_models.set_defaults(run=real)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
