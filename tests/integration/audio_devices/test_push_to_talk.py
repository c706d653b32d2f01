"""The whole way of the key: a keyboard, a daemon, a microphone that is closed until then, and a reply."""

import os
import queue
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.speech import spoken
from tests.support.voicemate_home import VoicemateHome, make_home
from voicemate.cli.talk import SIGTERM_EXIT_CODE
from voicemate.config.hotkey_chord import parse_chord
from voicemate.control.client import ControlClient, EventMessage
from voicemate.push_to_talk.chord_listener import ChordEvent, ChordRegistered
from voicemate.push_to_talk.x11 import X11ChordListener
from voicemate.testing.pulseaudio_room import PulseAudioRoom
from voicemate.testing.talk_process import LISTENING, TalkProcess
from voicemate.testing.x11_display import X11Display, available, x11_display

pytest.importorskip("xcffib", reason="the key needs xcffib (pip install 'voicemate[hotkey]')")
pytestmark = [pytest.mark.audio_devices, pytest.mark.models, pytest.mark.desktop]

PATIENCE_S = 120
SETTINGS = "[push_to_talk]\nhands_free = false\n"


@pytest.fixture
def screen() -> Iterator[X11Display]:
    if not available():
        pytest.skip("there is no X server for tests here (Debian: xvfb xdotool)")
    with x11_display() as found:
        yield found


@pytest.fixture
def house(
    pulse_room: PulseAudioRoom, screen: X11Display, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VoicemateHome]:
    monkeypatch.setenv("VOICEMATE_HOME", str(tmp_path))
    house = make_home(tmp_path, pulse_room.environment | screen.environment, SETTINGS)
    yield house
    house.stop_daemon()


def following() -> ControlClient:
    """The daemon's events from now on."""
    client = ControlClient()
    client.call("events", words=True)
    return client


def until(client: ControlClient, kind: str) -> dict[str, Any]:
    """The data of the next event of that kind."""
    while True:
        message = client.receive(PATIENCE_S)
        if isinstance(message, EventMessage) and message.name == kind:
            return message.data


def microphones_in_use(environment: Mapping[str, str]) -> int:
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
    house: VoicemateHome, screen: X11Display, pulse_room: PulseAudioRoom
) -> None:
    question = spoken("What is your favourite colour?")
    house.run("start")
    status = house.status()
    assert (status["state"], status["reason"]) == ("listening", "waiting for the key")
    assert (status["push_to_talk"]["active"], status["problems"]) == (True, [])
    assert microphones_in_use(pulse_room.environment) == 0
    with following() as daemon, pulse_room.recording() as recording:
        screen.keys("keydown", "ctrl+alt+space")
        until(daemon, "MicrophoneLive")
        assert microphones_in_use(pulse_room.environment) == 1
        pulse_room.say(question)
        screen.keys("keyup", "ctrl+alt+space")
        ended = until(daemon, "TurnEnded")
        assert until(daemon, "Transcribed")["text"]
        until(daemon, "ReplyEnded")
    assert "the key came up" in ended["reason"]
    first_word = np.flatnonzero(abs(recording.person) > 0.05)[0]
    assert abs(recording.speaker[:first_word]).max() > 0.02, "the cue came before the person spoke"
    assert abs(recording.speaker[first_word:]).max() > 0.02, "and the reply afterwards"


def test_talk_listens_to_the_key_only_where_that_is_wanted(
    house: VoicemateHome, screen: X11Display, pulse_room: PulseAudioRoom
) -> None:
    with TalkProcess([], house.environment) as talk:
        talk.wait_for("Hold ctrl+option+space", PATIENCE_S)
        if not any(LISTENING in line for line in talk.seen):
            talk.wait_for(LISTENING, PATIENCE_S)
        assert microphones_in_use(pulse_room.environment) == 0
        screen.keys("keydown", "ctrl+alt+space")
        talk.wait_for(LISTENING, PATIENCE_S)
        assert microphones_in_use(pulse_room.environment) == 1
        screen.keys("keyup", "ctrl+alt+space")
        assert talk.stop() == SIGTERM_EXIT_CODE


def test_a_chord_that_is_taken_is_told_and_the_rest_goes_on(house: VoicemateHome, screen: X11Display) -> None:
    told: queue.Queue[ChordEvent] = queue.Queue()
    other = X11ChordListener(parse_chord("ctrl+option+space"), told.put, screen.name)
    other.start()
    assert told.get(timeout=PATIENCE_S) == ChordRegistered()
    house.run("start")
    (problem,) = house.status()["problems"]
    assert (problem["component"], "Another program" in problem["message"]) == ("hotkey", True)
    with following() as daemon:
        house.run("config", "set", "push_to_talk.chord", "ctrl+shift+f9")
        while not until(daemon, "HotkeyChanged")["active"]:
            pass
        assert house.status()["problems"] == []
        screen.keys("keydown", "ctrl+shift+F9")
        until(daemon, "MicrophoneLive")
        screen.keys("keyup", "ctrl+shift+F9")
    other.stop()
