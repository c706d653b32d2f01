"""``voicemate doctor`` on a real microphone and loudspeaker, with a real voice and real ears."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.voicemate_home import House, furnished, settle
from voicemate.testing.pulseaudio_room import PulseRoom

pytestmark = [pytest.mark.audio_devices, pytest.mark.models]

EAR = '[audio]\ninput = "mic"\n'
ECHO = '[audio]\ninput = "echo"\n'


@pytest.fixture
def house(tmp_path: Path, pulse_room: PulseRoom) -> House:
    return furnished(tmp_path, pulse_room.environment, EAR)


@pytest.fixture
def daemon(house: House) -> Iterator[None]:
    house.run("start")
    yield
    house.end()


def doctor(house: House, *words: str) -> dict[str, list[dict[str, Any]]]:
    """What is found, by check."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(house.run("doctor", "--json", *words, code=None).stdout)["findings"]:
        found.setdefault(one["check"], []).append(one)
    return found


def test_a_sentence_goes_out_by_the_loudspeaker_and_comes_back_as_words(house: House, tmp_path: Path) -> None:
    settle(tmp_path, ECHO)
    found = doctor(house, "--loop")
    (level,) = found["level"]
    assert "only digital silence" in level["told"], "it hears the loudspeaker and nothing else"
    (echo,) = found["echo"]
    assert echo["facts"]["heard"]
    direct, air = found["sentence"]
    assert (direct["level"], air["level"]) == ("ok", "ok"), found["sentence"]
    assert "apples" in air["facts"]["heard"]


def test_the_level_is_the_room_s(house: House) -> None:
    (level,) = doctor(house)["level"]
    assert level["level"] == "ok"
    assert -100 < level["facts"]["quietest_dbfs"] < -50


def test_a_running_daemon_is_asked_for_what_it_hears(house: House, daemon: None) -> None:
    found = doctor(house)
    assert "The running voicemate has “mic” and" in found["devices"][0]["told"]
    assert found["level"][0]["level"] == "ok"
    assert found["level"][0]["facts"]["name"] == "mic"
    assert found["daemon"][0]["facts"]["running"]
    assert found["socket"][0]["told"].startswith("Answers")
