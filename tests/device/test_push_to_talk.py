"""The whole way of the key: a keyboard, a daemon, a microphone that is closed until then, and a reply."""

import io
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tests.display import Display, available, display
from tests.pulse import RATE, PulseRoom
from tests.talk_process import LISTENING, Talk
from voicemate.cli.conversing import TERMINATED
from voicemate.control.client import Client, Told
from voicemate.hotkey.chord import parse
from voicemate.hotkey.reports import Ready, Report
from voicemate.hotkey.x11 import X11Watch
from voicemate.places import models_folder

pytest.importorskip("xcffib", reason="the key needs xcffib (pip install 'voicemate[hotkey]')")
pytestmark = [pytest.mark.device, pytest.mark.real, pytest.mark.desktop]

PATIENCE_S = 120
SETTINGS = 'persona = "pip"\n[hearing]\nmodel = "whisper-tiny.en"\n[push_to_talk]\nhands_free = false\n'


@pytest.fixture
def screen() -> Iterator[Display]:
    if not available():
        pytest.skip("there is no X server for tests here (Debian: xvfb xdotool)")
    with display() as found:
        yield found


class Daemon:
    """A daemon of the test's own, by its commands and its events."""

    def __init__(self, environment: dict[str, str]):
        self._environment = {**os.environ, **environment}
        self.told: queue.Queue[Told] = queue.Queue()

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "voicemate", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def status(self) -> dict:
        return json.loads(self.run("status", "--json"))

    def follow(self) -> None:
        """Keep its events from now on."""
        client = Client()
        client.call("events", words=True)

        def keep() -> None:
            with client:
                while True:
                    message = client.receive(PATIENCE_S)
                    if isinstance(message, Told):
                        self.told.put(message)

        threading.Thread(target=lambda: _until_it_ends(keep), daemon=True).start()

    def until(self, kind: str, state: str = "") -> Told:
        while True:
            told = self.told.get(timeout=PATIENCE_S)
            if told.kind == kind and state in ("", told.data.get("state")):
                return told


def _until_it_ends(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:  # the daemon has ended, as it does at the end of a test
        pass


@pytest.fixture
def daemon(
    pulse_room: PulseRoom, screen: Display, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Daemon]:
    monkeypatch.setenv("VOICEMATE_MODELS", str(models_folder()))
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    (tmp_path / "config" / "personas").mkdir(parents=True)
    (tmp_path / "config" / "personas" / "pip.toml").write_text('name = "Pip"\ndescription = "Says little."\n')
    (tmp_path / "config" / "settings.toml").write_text(SETTINGS)
    daemon = Daemon(pulse_room.environment | screen.environment)
    yield daemon
    subprocess.run(
        [sys.executable, "-m", "voicemate", "stop"], env=daemon._environment, capture_output=True, timeout=60
    )


def spoken(text: str) -> np.ndarray:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    wav = subprocess.run(["espeak-ng", "--stdout", text], capture_output=True, check=True, timeout=60).stdout
    pcm, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    return soxr.resample(pcm, rate, RATE).astype(np.float32)


def microphones_in_use(environment: dict[str, str]) -> int:
    """Programs that record from the room's microphone, as the sound server sees it."""
    ask = ["pactl", "list", "short"]
    answers = [
        subprocess.run([*ask, kind], env={**os.environ, **environment}, capture_output=True, text=True, check=True)
        for kind in ("sources", "source-outputs")
    ]
    sources, outputs = ([row.split("\t") for row in answer.stdout.splitlines()] for answer in answers)
    (microphone,) = (row[0] for row in sources if row[1] == "mic")
    return len([row for row in outputs if row[1] == microphone])


def test_the_microphone_is_opened_by_the_key_and_the_turn_ends_with_it(
    daemon: Daemon, screen: Display, pulse_room: PulseRoom
) -> None:
    daemon.run("start")
    status = daemon.status()
    assert (status["state"], status["reason"]) == ("listening", "waiting for the key")
    assert (status["hotkey"]["watched"], status["problems"]) == (True, [])
    assert microphones_in_use(pulse_room.environment) == 0
    daemon.follow()
    with pulse_room.recording() as recording:
        screen.keys("keydown", "ctrl+alt+space")
        daemon.until("MicrophoneHears")
        assert microphones_in_use(pulse_room.environment) == 1
        pulse_room.say(spoken("What is your favourite colour?"))
        screen.keys("keyup", "ctrl+alt+space")
        ended = daemon.until("TurnEnded")
        assert daemon.until("Heard").data["text"]
        daemon.until("ReplyEnded")
    assert "the key came up" in ended.data["reason"]
    first_word = np.flatnonzero(abs(recording.person) > 0.05)[0]
    assert abs(recording.loudspeaker[:first_word]).max() > 0.02, "the cue came before the person spoke"
    assert abs(recording.loudspeaker[first_word:]).max() > 0.02, "and the reply afterwards"


def test_talk_listens_to_the_key_only_where_that_is_wanted(
    daemon: Daemon, screen: Display, pulse_room: PulseRoom
) -> None:
    with Talk([], pulse_room.environment | screen.environment) as talk:
        talk.wait_for("Hold ctrl+option+space", PATIENCE_S)
        if not any(LISTENING in line for line in talk.seen):
            talk.wait_for(LISTENING, PATIENCE_S)
        assert microphones_in_use(pulse_room.environment) == 0
        screen.keys("keydown", "ctrl+alt+space")
        talk.wait_for(LISTENING, PATIENCE_S)
        assert microphones_in_use(pulse_room.environment) == 1
        screen.keys("keyup", "ctrl+alt+space")
        assert talk.stop() == TERMINATED


def test_a_chord_that_is_taken_is_told_and_the_rest_goes_on(daemon: Daemon, screen: Display) -> None:
    told: queue.Queue[Report] = queue.Queue()
    other = X11Watch(parse("ctrl+option+space"), told.put, screen.name)
    other.start()
    assert told.get(timeout=PATIENCE_S) == Ready()
    daemon.run("start")
    (problem,) = daemon.status()["problems"]
    assert (problem["where"], "Another program" in problem["wrong"]) == ("hotkey", True)
    daemon.follow()
    daemon.run("config", "set", "hotkey.chord", "ctrl+shift+f9")
    while not daemon.until("HotkeyChanged").data["watched"]:
        pass
    assert daemon.status()["problems"] == []
    screen.keys("keydown", "ctrl+shift+F9")
    daemon.until("MicrophoneHears")
    screen.keys("keyup", "ctrl+shift+F9")
    other.stop()
