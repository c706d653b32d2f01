"""Measures how soon a real daemon listens again after it lost audio devices.

A daemon with the starter models runs in a virtual room (PulseAudio null sinks). Devices are lost in turn and return
after a random time (with a fixed seed), every third time while the character speaks: the microphone or the speaker is
unplugged, returns with another profile (16 kHz, mono), or hangs; both are unplugged; the sound server restarts.
*Listening again* counts from the return until the daemon reports that all devices work. Then a sentence is said, and
the daemon must hear it.

    python benchmarks/device_loss.py --losses 50

Results go to ``benchmarks/results/device-loss.json``.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.daemon_process import DaemonProcess, HeldUp, furnish, is_floor, is_kind
from benchmarks.kept import keep, spread
from benchmarks.said_turns import in_room, sentences
from voicemate.testing.pulseaudio_room import PulseAudioRoom

TARGET_S = 2.0

LONGEST_AWAY_S = 2.0

HEADSET = "rate=16000 channels=1 channel_map=mono master_channel_map="


@dataclass(frozen=True)
class Way:
    """A way to lose devices. ``restore`` may return the time at which they were back."""

    name: str
    devices: tuple[str, ...]
    lose: Callable[[PulseAudioRoom], None]
    restore: Callable[[PulseAudioRoom], float | None]


def _lose_both(room: PulseAudioRoom) -> None:
    room.lose("mic")
    room.lose("speaker")


def _restore_both(room: PulseAudioRoom) -> None:
    room.restore("mic")
    room.restore("speaker")


WAYS = (
    Way("microphone unplugged", ("microphone",), lambda room: room.lose("mic"), lambda room: room.restore("mic")),
    Way(
        "loudspeaker unplugged",
        ("loudspeaker",),
        lambda room: room.lose("speaker"),
        lambda room: room.restore("speaker"),
    ),
    Way(
        "microphone, other profile",
        ("microphone",),
        lambda room: room.lose("mic"),
        lambda room: room.restore("mic", f"{HEADSET}rear-left"),
    ),
    Way(
        "loudspeaker, other profile",
        ("loudspeaker",),
        lambda room: room.lose("speaker"),
        lambda room: room.restore("speaker", f"{HEADSET}front-left"),
    ),
    Way("both unplugged", ("microphone", "loudspeaker"), _lose_both, _restore_both),
    Way(
        "microphone hangs",
        ("microphone",),
        lambda room: room.freeze("mic"),
        lambda room: room.freeze("mic", False),
    ),
    Way(
        "server restarted",
        ("microphone", "loudspeaker"),
        PulseAudioRoom.stop_server,
        PulseAudioRoom.start_server,
    ),
)


@dataclass
class Loss:
    """One loss and return; times in seconds.

    Attributes:
        while_speaking: the character spoke at the loss.
        noticed: the daemon reported a fault.
        listening_s: from the return to the last recovery.
        held_up_s: of that, how long the benchmark itself was stopped.
        heard: the daemon heard a sentence afterwards.
    """

    way: str
    away_s: float
    while_speaking: bool
    noticed: bool = False
    listening_s: float | None = None
    held_up_s: float = 0.0
    heard: bool = False


def main() -> None:
    arguments = _arguments()
    draw = random.Random(arguments.seed)
    sentence = in_room(sentences(longest_s=2)[0])
    losses: list[Loss] = []
    with tempfile.TemporaryDirectory() as folder, PulseAudioRoom() as room:
        environment = room.environment | furnish(Path(folder))
        with DaemonProcess(environment) as daemon:
            daemon.watch()
            daemon.until_listening()
            for number in range(arguments.losses):
                way = WAYS[number % len(WAYS)]
                loss = Loss(way.name, round(draw.uniform(0.5, LONGEST_AWAY_S), 2), number % 3 == 2)
                _lose_and_return(daemon, room, way, loss, sentence)
                losses.append(loss)
                print(f"{number + 1:3} {loss}", flush=True)
    write(arguments, losses)


def _lose_and_return(daemon: DaemonProcess, room: PulseAudioRoom, way: Way, loss: Loss, sentence: np.ndarray) -> None:
    if loss.while_speaking:
        place = len(daemon.events)
        daemon.ask("Tell me a long story about a river.")
        daemon.until(is_floor("speaking"), place)
        time.sleep(0.3)
    place = len(daemon.events)
    way.lose(room)
    time.sleep(loss.away_s)
    with HeldUp() as held_up:
        returned = way.restore(room) or time.monotonic()
        faulty = {told.data["component"] for _, told in daemon.events[place:] if told.name == "Fault"}
        loss.noticed = bool(faulty & set(way.devices))
        try:
            ends = [_recovered(daemon, device, place) for device in way.devices if device in faulty]
            loss.listening_s = round(max(0.0, max(ends, default=returned) - returned), 2)
        except TimeoutError:
            return
    loss.held_up_s = round(held_up.seconds, 2)
    daemon.interrupt()
    time.sleep(0.2)
    said = len(daemon.events)
    room.say(sentence)
    try:
        daemon.until(is_kind("SpeechStarted"), said, patience_s=2)
        loss.heard = True
    except TimeoutError:
        return
    daemon.interrupt()


def _recovered(daemon: DaemonProcess, device: str, since: int) -> float:
    """Return when ``device`` was last reported to work again, after its last fault."""
    fault = since
    for place in range(since, len(daemon.events)):
        if is_kind("Fault", component=device)(daemon.events[place][1]):
            fault = place
    return daemon.events[daemon.until(is_kind("Recovered", component=device), fault, patience_s=30)][0]


def write(arguments: argparse.Namespace, losses: list[Loss]) -> None:
    times = {
        id(loss): loss.listening_s - loss.held_up_s
        for loss in losses
        if loss.listening_s is not None and loss.noticed
    }
    back = [seconds for seconds in times.values() if seconds <= TARGET_S]
    summary = {
        "losses": len(losses),
        "noticed_while_away": sum(loss.noticed for loss in losses),
        "listening_within_2_s": len(back) + sum(not loss.noticed and loss.heard for loss in losses),
        "heard_afterwards": sum(loss.heard for loss in losses),
        "listening_again_s": spread(list(times.values()), 2),
        "by_way": {way.name: [loss.listening_s for loss in losses if loss.way == way.name] for way in WAYS},
    }
    print(json.dumps(summary, indent=1))
    keep(
        "device-loss",
        f"python benchmarks/device_loss.py --losses {arguments.losses} --seed {arguments.seed}",
        note="times exclude those in which the benchmark itself was stopped",
        summary=summary,
        losses=[asdict(loss) for loss in losses],
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--losses", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
