"""Measures what a hundred hostile clients at the control socket cost the gap, and what they leave behind.

A daemon with the starter models runs in a virtual room (PulseAudio null sinks). The same sentence is said to it
without other clients, and while a hundred clients at once send malformed, oversized and hostile lines, hang up in the
middle of one, or watch everything and never read. The two alternate, so other load affects both.

    python benchmarks/rude_clients.py --pairs 10

Results go to ``benchmarks/results/rude-clients.json``.
"""

import argparse
import json
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.daemon_process import DaemonProcess, furnish
from benchmarks.kept import keep
from benchmarks.said_turns import gap_of_turn, in_room, sentences
from voicemate.control.client import ControlClient
from voicemate.control.socket_path import socket_path
from voicemate.testing.pulseaudio_room import PulseAudioRoom

CLIENTS = 100


def hostile_line(draw: random.Random) -> bytes:
    """Return a line that no correct client would send."""
    match draw.randrange(10):
        case 0:
            return draw.randbytes(draw.randrange(1, 400)).replace(b"\n", b" ") + b"\n"
        case 1:
            return b'{"v": 1, "id": ' + b"[" * draw.randrange(1, 5_000) + b"\n"
        case 2:
            return b'{"v": 1, "id": 1, "command": "say", "arguments": {"text": "' + b"a" * 70_000 + b'"}}\n'
        case 3:
            return b'{"v": 99, "id": 1, "command": "status"}\n'
        case 4:
            return b'{"v": 1, "id": 1, "command": "../../etc/passwd", "arguments": {}}\n'
        case 5:
            return b'{"v": 1, "id": {"a": 1}, "command": "status", "arguments": {}}\n'
        case 6:
            return b'{"v": 1, "id": 1, "command": "mute", "arguments": {"on": "yes"}}\n'
        case 7:
            return b'{"v": 1, "id": 1' + b"\n"
        case 8:
            return b'{"v": 1, "id": 1e999, "command": "persona", "arguments": {"name": "' + b"../" * 300 + b'"}}\n'
        case _:
            return b'{"v": 1, "id": 7, "command": "status", "arguments": {}}\n'


class Crowd:
    """A hundred clients, each in a thread. A context manager.

    Attributes:
        lines: sent in total.
        ends: how connections ended.
    """

    def __init__(self, seed: int):
        self._seed = seed
        self._over = threading.Event()
        self.lines = 0
        self.ends: Counter[str] = Counter()

    def __enter__(self) -> "Crowd":
        self._threads = [threading.Thread(target=self._be_rude, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _be_rude(self, number: int) -> None:
        draw = random.Random(self._seed * 1_000 + number)
        while not self._over.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(1)
                    connection.connect(str(socket_path()))
                    self._send(connection, draw)
                    self.ends["left"] += 1
            except TimeoutError:
                self.ends["was not read any more"] += 1
            except OSError:
                self.ends["was hung up on"] += 1
            self._over.wait(draw.uniform(0.5, 2))

    def _send(self, connection: socket.socket, draw: random.Random) -> None:
        if draw.random() < 0.3:  # watches all, reads nothing
            connection.sendall(
                b'{"v": 1, "id": 1, "command": "events", "arguments": {"words": true, "levels": true}}\n'
            )
        for _ in range(draw.randrange(1, 12)):
            line = hostile_line(draw)
            connection.sendall(line)
            self.lines += line.count(b"\n")
            if self._over.wait(draw.uniform(0.2, 1)):
                return
        if draw.random() < 0.3:
            connection.sendall(b'{"v": 1, "id":')  # and hangs up


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sentence = in_room(sentences(shortest_s=2, longest_s=4)[0])
    gaps: dict[str, list[float]] = {"calm": [], "rude": []}
    lines, ends = 0, Counter[str]()
    with tempfile.TemporaryDirectory() as folder, PulseAudioRoom() as room:
        environment = room.environment | furnish(Path(folder))
        with DaemonProcess(environment) as daemon:
            daemon.watch()
            daemon.until_listening()
            gap_of_turn(daemon, room, sentence)
            with Crowd(0):  # what the first crowd leaves is what is loaded lazily
                gap_of_turn(daemon, room, sentence)
            time.sleep(2)
            before = daemon.resources()
            for pair in range(arguments.pairs):
                gaps["calm"].append(round(gap_of_turn(daemon, room, sentence), 1))
                with Crowd(arguments.seed + pair) as crowd:
                    gaps["rude"].append(round(gap_of_turn(daemon, room, sentence), 1))
                lines, ends = lines + crowd.lines, ends + crowd.ends
                print(gaps["calm"][-1], gaps["rude"][-1], crowd.lines, dict(crowd.ends), flush=True)
                time.sleep(1)
            time.sleep(3)
            after = daemon.resources()
            with ControlClient() as client:
                problems = [problem.model_dump() for problem in client.status().problems]
    differences = [rude - calm for calm, rude in zip(gaps["calm"], gaps["rude"], strict=True)]
    summary = {
        "clients_at_once": CLIENTS,
        "hostile_lines": lines,
        "connections": dict(ends),
        "gap_ms": {kind: round(statistics.median(values)) for kind, values in gaps.items()},
        "difference_ms": {"median": round(statistics.median(differences)), "most": round(max(differences))},
        "before": before,
        "after": after,
        "problems": problems,
    }
    print(json.dumps(summary))
    command = f"python benchmarks/rude_clients.py --pairs {arguments.pairs} --seed {arguments.seed}"
    keep("rude-clients", command, summary=summary, gaps_ms=gaps)


if __name__ == "__main__":
    main()
