"""Kills a real daemon at random moments (``kill -9``), and checks what is left after the next start.

A daemon with the starter models runs in a virtual room (PulseAudio null sinks). It gets typed and spoken turns, and
is killed at a random moment (with a fixed seed): while it starts, listens, hears, thinks, speaks, or writes a turn.
After the next start it counts turns whose end a client saw and that are not in the history, word for word; damaged
databases; and the time until it listens again.

    python benchmarks/kills.py --kills 200

Results go to ``benchmarks/results/kills.json``.
"""

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.daemon_process import DaemonProcess, HeldUp, furnish, is_floor, is_kind
from benchmarks.kept import RESULTS, keep, spread
from benchmarks.said_turns import in_room, sentences
from voicemate.control.client import EventMessage
from voicemate.core.errors import ControlError, NotRunningError
from voicemate.history import HistoryReader
from voicemate.testing.pulseaudio_room import PulseAudioRoom

MOMENTS = ("starting", "listening", "hearing", "thinking", "speaking", "writing")

TARGET_S = 5.0


@dataclass
class Kill:
    """One kill and its result.

    Attributes:
        moment: what the daemon did; ``stopped``: this benchmark was stopped itself, and missed its moment.
        after_s: time from the begin of that.
        finished: turns of this run of the daemon whose end a client saw.
        missing: those that the history lacks, or has with other words.
        whole: the database passed SQLite's integrity check.
        listening_s: from the next start to listening.
        held_up_s: of that, how long the benchmark itself was stopped.
    """

    moment: str
    after_s: float
    finished: int = 0
    missing: list[str] = field(default_factory=list)
    whole: bool = False
    listening_s: float = 0.0
    held_up_s: float = 0.0


def main() -> None:
    arguments = _arguments()
    draw = random.Random(arguments.seed)
    spoken = [in_room(clip) for clip in sentences(longest_s=3)[:5]]
    before = json.loads((RESULTS / "kills.json").read_text())["kills"] if arguments.more else []
    earlier = [Kill(**kill) for kill in before]
    kills: list[Kill] = []
    with tempfile.TemporaryDirectory() as folder, PulseAudioRoom() as room:
        home = Path(folder)
        environment = room.environment | furnish(home)
        kill: Kill | None = None
        try:
            while True:
                with HeldUp() as held_up, DaemonProcess(environment) as daemon:
                    if kill:
                        with _Unless(held_up) as checked:
                            _check(daemon, held_up, home, kill)
                        if checked.failed:
                            continue  # the next start will tell
                        kills.append(kill)
                        _print(len(kills), kill)
                    if len(kills) == arguments.kills:
                        break
                    kill = Kill(draw.choice(MOMENTS), 0.0)
                    with _Unless(held_up) as lived:
                        _live_and_die(daemon, kill, draw, room, spoken)
                    if lived.failed:
                        kill.moment = "stopped"
                    daemon.kill()
                    told = _finished(daemon.events)
                    kill.finished, kill.missing = len(told), sorted(told)
        finally:  # what was found until then is kept, whatever ends this
            if kills:
                write(arguments, earlier + kills, kills)


class _Unless:
    """Ignores a timeout if this process was stopped meanwhile, and its children with it."""

    def __init__(self, held_up: HeldUp):
        self._held_up = held_up
        self.failed = False

    def __enter__(self) -> "_Unless":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self.failed = kind is not None and issubclass(kind, (TimeoutError, ControlError, NotRunningError))
        return self.failed and self._held_up.seconds >= 1


def _live_and_die(
    daemon: DaemonProcess, kill: Kill, draw: random.Random, room: PulseAudioRoom, spoken: list[np.ndarray]
) -> None:
    """Bring the daemon to the moment, and kill it a random time later; the caller kills one that is starting.

    Raises:
        TimeoutError, ControlError: it did not reach that moment.
    """
    if kill.moment == "starting":
        kill.after_s = draw.uniform(0, 3)
        threading.Event().wait(kill.after_s)
        return
    if not daemon.events:
        daemon.watch()
    place = daemon.until_listening()
    number = draw.randrange(10_000)
    if draw.random() < 0.5:  # a turn that ends before
        daemon.ask(f"What is number {number}?")
        place = daemon.until_listening(_finish(daemon, draw, place))
    speaker: threading.Thread | None = None
    match kill.moment:
        case "listening":
            kill.after_s = draw.uniform(0, 1)
        case "hearing":
            speaker = _say_until_heard(daemon, room, draw.choice(spoken), place)
            kill.after_s = draw.uniform(0, 2)
        case "thinking":
            daemon.ask(f"Who was number {number}?")
            daemon.until(is_floor("thinking"), place)
            kill.after_s = draw.uniform(0, 0.3)
        case "speaking":
            daemon.ask(f"Who is number {number}?")
            daemon.until(is_floor("speaking"), place)
            kill.after_s = draw.uniform(0, 1.5)
        case "writing":
            daemon.ask(f"Where is number {number}?")
            _finish(daemon, draw, place)
            kill.after_s = draw.uniform(0, 0.01)
    threading.Event().wait(kill.after_s)
    daemon.kill()
    if speaker:
        speaker.join()  # the next daemon must not hear the rest


def _finish(daemon: DaemonProcess, draw: random.Random, place: int) -> int:
    """Wait for the end of a reply, and interrupt a long one; return the event's index."""
    place = daemon.until(is_floor("speaking"), place)
    try:
        return daemon.until(is_kind("ReplyEnded"), place, draw.uniform(0.5, 3))
    except TimeoutError:
        daemon.interrupt()
        return daemon.until(is_kind("ReplyEnded"), place)


def _say_until_heard(daemon: DaemonProcess, room: PulseAudioRoom, sound: np.ndarray, since: int) -> threading.Thread:
    """Say ``sound``, up to three times if the daemon does not hear it on a busy machine; return the thread."""
    for last in (False, False, True):
        speaker = threading.Thread(target=room.say, args=(sound,))
        speaker.start()
        try:
            daemon.until(is_floor("hearing"), since, patience_s=15)
        except TimeoutError:
            speaker.join()
            if last:
                raise
        else:
            break
    return speaker


def _finished(events: list[tuple[float, EventMessage]]) -> set[str]:
    """Return what was said and heard in each turn that ended: ``said | heard``."""
    said: dict[int, str] = {}
    finished = set()
    for _, told in events:
        if told.name == "Transcribed" and told.data["final"]:
            said[told.data["turn"]] = told.data["text"]
        elif told.name == "ReplyEnded" and told.data["turn"] in said:
            finished.add(f"{said[told.data['turn']]} | {told.data['heard_prefix']}")
    return finished


def _check(daemon: DaemonProcess, held_up: HeldUp, home: Path, kill: Kill) -> None:
    """Check what is left after ``kill``, and how soon ``daemon``, the next one, listens."""
    daemon.watch()
    place = daemon.until_listening()
    kill.listening_s = round(daemon.events[place][0] - daemon.started, 2)
    kill.held_up_s = round(held_up.seconds, 2)
    history = home / "data" / "history.sqlite3"
    if not history.exists():
        kill.whole = True
        return
    with HistoryReader(history) as reader:
        kept = {f"{turn.said} | {turn.reply}" for turn in reader.recent(20)}
    kill.missing = [turn for turn in kill.missing if turn not in kept]
    connection = sqlite3.connect(history)
    kill.whole = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    kill.whole = kill.whole and len(list(history.parent.glob("*damaged*"))) == 0


def _print(number: int, kill: Kill) -> None:
    fine = kill.whole and not kill.missing
    print(
        f"{number:3} {kill.moment:9} +{kill.after_s:.2f} s  {kill.finished} finished, "
        f"listening again after {kill.listening_s:.2f} s (held up {kill.held_up_s:.2f} s)"
        f"{'' if fine else f'  MISSING {kill.missing} whole={kill.whole}'}",
        flush=True,
    )


def write(arguments: argparse.Namespace, kills: list[Kill], timed: list[Kill]) -> None:
    """Write the results of all ``kills``, and the times of those of this run."""
    times = [kill.listening_s - kill.held_up_s for kill in timed]
    summary = {
        "kills": len(kills),
        "by_moment": dict(Counter(kill.moment for kill in kills)),
        "finished_turns": sum(kill.finished for kill in kills),
        "finished_turns_missing": sum(len(kill.missing) for kill in kills),
        "databases_not_whole": sum(not kill.whole for kill in kills),
        "timed": len(timed),
        "listening_again_s": spread(times, 2),
        "later_than_target": sum(seconds > TARGET_S for seconds in times),
    }
    print(json.dumps(summary))
    keep(
        "kills",
        f"python benchmarks/kills.py --kills {arguments.kills} --seed {arguments.seed}",
        note="the times are those of the last run, without what the benchmark itself was kept from running",
        summary=summary,
        kills=[asdict(kill) for kill in kills],
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--more", action="store_true", help="beside those of the results that are there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
