"""``voicemate doctor`` on a real microphone and loudspeaker, with a real voice and real speech recognition."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.voicemate_home import VoicemateHome, make_home, write_settings
from voicemate.testing.pulseaudio_room import PulseAudioRoom

pytestmark = [pytest.mark.audio_devices, pytest.mark.models]

MICROPHONE = '[audio]\ninput = "mic"\n'
ECHO = '[audio]\ninput = "echo"\n'


@pytest.fixture
def house(tmp_path: Path, pulse_room: PulseAudioRoom) -> VoicemateHome:
    return make_home(tmp_path, pulse_room.environment, MICROPHONE)


@pytest.fixture
def daemon(house: VoicemateHome) -> Iterator[None]:
    house.run("start")
    yield
    house.stop_daemon()


def doctor(house: VoicemateHome, *words: str) -> dict[str, list[dict[str, Any]]]:
    """The findings by check."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(house.run("doctor", "--json", *words, code=None).stdout)["findings"]:
        found.setdefault(one["check"], []).append(one)
    return found


def test_a_sentence_is_played_recorded_and_recognized(house: VoicemateHome, tmp_path: Path) -> None:
    write_settings(tmp_path, ECHO)
    found = doctor(house, "--loop")
    (level,) = found["level"]
    assert "only digital silence" in level["message"], "the microphone picks up only the speaker"
    (echo,) = found["echo"]
    assert echo["facts"]["detected"]
    direct, air = found["sentence"]
    assert (direct["severity"], air["severity"]) == ("ok", "ok"), found["sentence"]
    assert "apples" in air["facts"]["recognized"]


def test_the_level_of_the_room_is_measured(house: VoicemateHome) -> None:
    (level,) = doctor(house)["level"]
    assert level["severity"] == "ok"
    assert -100 < level["facts"]["quietest_dbfs"] < -50


def test_a_running_daemon_measures_the_level(house: VoicemateHome, daemon: None) -> None:
    found = doctor(house)
    assert "The running daemon has “mic” and" in found["devices"][0]["message"]
    assert found["level"][0]["severity"] == "ok"
    assert found["level"][0]["facts"]["name"] == "mic"
    assert found["daemon"][0]["facts"]["running"]
    assert found["socket"][0]["message"].startswith("Answers")
