"""Measures push-to-talk from outside the process: key to microphone, and key to reply.

A real daemon watches its key on an X server without a screen, with a virtual microphone and speaker. Its microphone
is closed between turns. The key is pressed through XTEST.

- *key down to microphone*: until the daemon reports real samples (``MicrophoneLive``), warm (the microphone is still
  open from the previous turn) and cold (it was closed).
- *key up to reply*: until the first audible sample in the recording of the speaker. The length of the recording at
  key up gives the position. The recorder writes late, never early, so the figures are up to 30 ms too long.

    python -m benchmarks.push_to_talk

Results go to ``benchmarks/results/push-to-talk.json``.
"""

import argparse
import json
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import xcffib  # type: ignore[import-not-found]
import xcffib.xproto  # type: ignore[import-not-found]
import xcffib.xtest  # type: ignore[import-not-found]

from benchmarks.daemon_process import DaemonProcess, HeldUp, furnish, is_floor, is_kind
from benchmarks.gap import audible, choose
from benchmarks.kept import keep, spread
from voicemate.push_to_talk.x11_keymap import X11Keyboard, keysym
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom, RoomRecording, find
from voicemate.testing.x11_display import X11Display, x11_display

SETTINGS = """persona = "pip"
[stt]
model = "whisper-tiny.en"
[push_to_talk]
hands_free = false
keep_open_s = 4.0
"""
WAITING = "waiting for the key"
AFTER_SPEECH_S = 0.05
"""Time from the end of a sentence to the release of the key (s)."""

FRAME = 4 * 4
"""Bytes of a frame in a recording: four channels."""


@dataclass(frozen=True)
class Turn:
    """One measured turn; times in milliseconds.

    Attributes:
        clip: the recording that was said.
        cold: the microphone was closed before.
        down_to_hearing: key down to microphone.
        speech_to_up: the person's last sample to key up.
        up_to_reply: key up to reply; None without one.
        heard: the transcript.
        timing: the program's own figures (``TurnTimed``).
    """

    clip: str
    cold: bool
    down_to_hearing: float
    speech_to_up: float
    up_to_reply: float | None
    heard: str
    timing: dict[str, float] | None


class KeyPresser:
    """Presses keys of an X server."""

    _CHORD = (0xFFE3, 0xFFE9, keysym("space"))  # Control_L, Alt_L

    def __init__(self, screen: X11Display):
        self._server: Any = xcffib.connect(screen.name)
        setup = self._server.get_setup()
        self._root = setup.roots[0].root
        count = setup.max_keycode - setup.min_keycode + 1
        found: Any = self._server.core.GetKeyboardMapping(setup.min_keycode, count).reply()
        width = found.keysyms_per_keycode
        symbols = [list(found.keysyms)[place : place + width] for place in range(0, count * width, width)]
        keyboard = X11Keyboard(setup.min_keycode, symbols, [])
        self._codes = [keyboard.code(symbol) for symbol in self._CHORD]
        self._test = self._server(xcffib.xtest.key)

    def down(self) -> float:
        """Press the chord; return the time of its last key."""
        for code in self._codes:
            moment = self._do(2, code)
        return moment

    def up(self) -> float:
        """Release the chord; return the time of the first key."""
        moments = [self._do(3, code) for code in reversed(self._codes)]
        return moments[0]

    def _do(self, kind: int, code: int | None) -> float:
        moment = time.monotonic()
        self._test.FakeInputChecked(kind, code, 0, self._root, 0, 0, 0).check()
        return moment


class Timeline:
    """Finds positions in a recording by time. A context manager that watches the recording grow."""

    def __init__(self, recording: RoomRecording):
        self._path = recording.path
        self._grown: list[tuple[float, int]] = []
        self._ended = threading.Event()

    def __enter__(self) -> "Timeline":
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def place(self, moment: float) -> int:
        """Return the sample recorded at ``moment``, early by at most the recorder's delay.

        The recorder writes whole buffers; the line along which the file is largest has the least delay.
        """
        near = [(at, size) for at, size in self._grown if abs(at - moment) < 2.0]
        return round(max(size / FRAME - (at - moment) * RATE for at, size in near))

    def _watch(self) -> None:
        while not self._ended.wait(0.003):
            self._grown.append((time.monotonic(), self._path.stat().st_size))


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as home, HeldUp() as held_up:
        opened, turns = measure(arguments, Path(home))
    write(arguments, opened, turns, held_up.seconds)


def measure(arguments: argparse.Namespace, home: Path) -> tuple[dict[str, list[float]], list[Turn]]:
    """Measure the times from key to microphone, cold and warm, and the turns."""
    with (
        PulseAudioRoom() as room,
        x11_display() as screen,
        room.recording() as recording,
        Timeline(recording) as timeline,
    ):
        environment = room.environment | screen.environment | furnish(home, SETTINGS)
        keys = KeyPresser(screen)
        with DaemonProcess(environment) as daemon:
            daemon.watch()
            daemon.until(is_floor("listening", WAITING))
            opened = open_only(daemon, keys, arguments.openings)
            said = [say(daemon, keys, room, clip, cold=number % 2 == 0) for number, clip in enumerate(arguments.say)]
    return opened, [turn for one in said if (turn := found(one, recording, timeline))]


def open_only(daemon: DaemonProcess, keys: KeyPresser, count: int) -> dict[str, list[float]]:
    """Press and release without speech, each time with a closed microphone and then with an open one."""
    opened: dict[str, list[float]] = {"cold": [], "warm": []}
    for _ in range(count):
        for how in ("cold", "warm"):
            since = len(daemon.events)
            pressed = keys.down()
            heard = daemon.until(is_kind("MicrophoneLive"), since)
            opened[how].append((daemon.events[heard][0] - pressed) * 1000)
            time.sleep(0.5)
            keys.up()
            daemon.until_listening(since=heard)
        daemon.until(is_floor("listening", WAITING), since=heard)
        time.sleep(0.5)
    return opened


@dataclass(frozen=True)
class Said:
    """A turn before it is found in the recording; times of ``time.monotonic``."""

    clip: str
    sound: np.ndarray
    cold: bool
    pressed: float
    hearing: float
    released: float
    heard: str
    timing: dict[str, float] | None


def say(daemon: DaemonProcess, keys: KeyPresser, room: PulseAudioRoom, clip, cold: bool) -> Said:
    """Take one turn by the key."""
    sound = soxr.resample(clip.pcm()[: round((clip.speech_end_s + AFTER_SPEECH_S) * 16_000)], 16_000, RATE)
    if cold:
        daemon.until(is_floor("listening", WAITING), len(daemon.events) - 1)
    since = len(daemon.events)
    pressed = keys.down()
    hears = daemon.until(is_kind("MicrophoneLive"), since)
    time.sleep(0.3)  # a person hears the cue first
    room.say(sound)
    released = keys.up()
    ended = daemon.until(lambda told: told.name in ("ReplyEnded", "SpeechRejected"), hears, 30)
    daemon.until_listening(since=ended - 1)
    told = [event for _, event in daemon.events[since:]]
    words = [event.data["text"] for event in told if event.name == "Transcribed" and event.data["final"]]
    timings = [event.data for event in told if event.name == "TurnTimed"]
    time.sleep(0.5)
    return Said(
        clip.name,
        sound,
        cold,
        pressed,
        daemon.events[hears][0],
        released,
        words[-1] if words else "",
        timings[-1] if timings else None,
    )


def found(said: Said, recording: RoomRecording, timeline: Timeline) -> Turn:
    """Find the turn in the recording."""
    up = timeline.place(said.released)
    begin = max(0, up - len(said.sound) - 2 * RATE)
    ended = begin + find(said.sound, recording.person[begin:up]) + len(said.sound) - round(AFTER_SPEECH_S * RATE)
    loud = np.flatnonzero(audible(recording.speaker[up : up + 10 * RATE]))
    return Turn(
        said.clip,
        said.cold,
        (said.hearing - said.pressed) * 1000,
        (up - ended) * 1000 / RATE,
        float(loud[0] * 1000 / RATE) if len(loud) else None,
        said.heard,
        said.timing,
    )


def write(arguments: argparse.Namespace, opened: dict[str, list[float]], turns: list[Turn], held_up_s: float) -> None:
    replies = [turn.up_to_reply for turn in turns if turn.up_to_reply is not None]
    for how in opened:
        opened[how] += [turn.down_to_hearing for turn in turns if turn.cold == (how == "cold")]
    summary = {
        "key_down_to_microphone_ms": {how: spread(times) for how, times in opened.items()},
        "key_up_to_reply_ms": spread(replies),
        "turns": len(turns),
        "answered": len(replies),
        "this_process_held_up_s": round(held_up_s, 1),
    }
    for turn in turns:
        reply = "no answer" if turn.up_to_reply is None else f"{turn.up_to_reply:6.0f} ms"
        print(f"{turn.clip:56} {turn.down_to_hearing:5.0f} {turn.speech_to_up:5.0f} {reply}  {turn.heard}")
    print(json.dumps(summary, indent=1))
    keep(
        arguments.name,
        f"python -m benchmarks.push_to_talk --turns {arguments.turns} --openings {arguments.openings}",
        settings=SETTINGS.splitlines(),
        summary=summary,
        turns=[asdict(turn) for turn in turns],
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=12, help="how many recordings to play")
    parser.add_argument("--openings", type=int, default=8, help="how often to press without a word, cold and warm")
    parser.add_argument("--name", default="push-to-talk", help="of the result file")
    arguments = parser.parse_args()
    arguments.say = choose(arguments.turns)
    return arguments


if __name__ == "__main__":
    main()
