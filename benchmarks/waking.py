"""Measures what unloading idle models frees, and how soon they are loaded again.

A daemon with the starter models runs in a virtual room (PulseAudio null sinks), with ``idle.unload_min`` set to a
few seconds. A sentence is said, and a turn is typed, with models loaded and unloaded in turn.

    python benchmarks/waking.py --turns 8

Results go to ``benchmarks/results/waking.json``.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.daemon_process import SETTINGS, DaemonProcess, furnish, is_kind
from benchmarks.kept import keep
from benchmarks.said_turns import gap_of_turn, hush, in_room, sentences
from voicemate.testing.pulseaudio_room import PulseAudioRoom

IDLE_S = 6.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--turns", type=int, default=8)
    arguments = parser.parse_args()
    clip = sentences(shortest_s=2, longest_s=4)[0]
    sentence = in_room(clip)
    gaps: dict[str, list[float]] = {"loaded": [], "resting": []}
    typed: dict[str, list[float]] = {"loaded": [], "resting": []}
    memory: dict[str, list[float]] = {"loaded": [], "resting": []}
    settings = f"{SETTINGS}[idle]\nunload_min = {IDLE_S / 60}\n"
    with tempfile.TemporaryDirectory() as folder, PulseAudioRoom() as room:
        environment = room.environment | furnish(Path(folder), settings)
        with DaemonProcess(environment) as daemon:
            daemon.watch()
            daemon.until_listening()
            gap_of_turn(daemon, room, sentence)  # the first turn includes lazy loading
            for _ in range(arguments.turns):
                for state, wait_s in (("resting", 2 * IDLE_S), ("loaded", 0.5)):
                    time.sleep(wait_s)
                    memory[state].append(daemon.resources()["own_rss_mb"])
                    gaps[state].append(gap_of_turn(daemon, room, sentence))
                for state, wait_s in (("resting", 2 * IDLE_S), ("loaded", 0.5)):
                    time.sleep(wait_s)
                    typed[state].append(_typed(daemon))
                print(gaps, typed, memory, flush=True)
    summary = {
        "clip": clip.name,
        "gap_ms": {state: round(statistics.median(values)) for state, values in gaps.items()},
        "typed_to_first_sound_ms": {state: round(statistics.median(values)) for state, values in typed.items()},
        "typed_to_first_sound_most_ms": {state: round(max(values)) for state, values in typed.items()},
        "rss_mb": {state: round(statistics.median(values)) for state, values in memory.items()},
    }
    print(json.dumps(summary))
    command = f"python benchmarks/waking.py --turns {arguments.turns}"
    keep("waking", command, summary=summary, gaps_ms=gaps, typed_ms=typed, rss_mb=memory)


def _typed(daemon: DaemonProcess) -> float:
    """Return the time from typing a turn to the first audio of its reply (ms)."""
    place, began = len(daemon.events), time.monotonic()
    daemon.ask("What is your name?")
    started = daemon.until(is_kind("PhraseStarted"), place, patience_s=30)
    hush(daemon, started)
    return 1000 * (daemon.events[started][0] - began)


if __name__ == "__main__":
    main()
