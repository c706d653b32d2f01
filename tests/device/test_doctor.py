"""``voicemate doctor`` on a real microphone and loudspeaker, with a real voice and real ears."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pulse import PulseRoom
from voicemate.places import models_folder

pytestmark = [pytest.mark.device, pytest.mark.real]


class House:
    """A home of its own, and ``voicemate`` commands in it."""

    def __init__(self, home: Path, room: PulseRoom):
        self._home = home
        self._environment = {
            **os.environ,
            **room.environment,
            "VOICEMATE_HOME": str(home),
            "VOICEMATE_MODELS": str(models_folder()),
        }
        (home / "config").mkdir()
        self.listen_to("mic")

    def listen_to(self, microphone: str) -> None:
        settings = f'[audio]\ninput = "{microphone}"\n[hearing]\nmodel = "whisper-tiny.en"\n'
        (self._home / "config" / "settings.toml").write_text(settings)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "voicemate", *words]
        return subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=200, check=False
        )

    def doctor(self, *words: str) -> dict[str, list[dict[str, Any]]]:
        """What is found, by check."""
        found: dict[str, list[dict[str, Any]]] = {}
        for one in json.loads(self.run("doctor", "--json", *words).stdout)["findings"]:
            found.setdefault(one["check"], []).append(one)
        return found


@pytest.fixture
def house(tmp_path: Path, pulse_room: PulseRoom) -> Iterator[House]:
    house = House(tmp_path, pulse_room)
    yield house
    house.run("stop")


def test_a_sentence_goes_out_by_the_loudspeaker_and_comes_back_as_words(house: House) -> None:
    house.listen_to("echo")
    found = house.doctor("--loop")
    (level,) = found["level"]
    assert "only digital silence" in level["told"], "it hears the loudspeaker and nothing else"
    (echo,) = found["echo"]
    assert echo["facts"]["heard"]
    direct, air = found["sentence"]
    assert (direct["level"], air["level"]) == ("ok", "ok"), found["sentence"]
    assert "apples" in air["facts"]["heard"]


def test_the_level_is_the_room_s(house: House) -> None:
    (level,) = house.doctor()["level"]
    assert level["level"] == "ok"
    assert -100 < level["facts"]["quietest_dbfs"] < -50


def test_a_running_daemon_is_asked_for_what_it_hears(house: House) -> None:
    assert house.run("start").returncode == 0
    found = house.doctor()
    assert "The running voicemate has “mic” and" in found["devices"][0]["told"]
    assert found["level"][0]["level"] == "ok"
    assert found["level"][0]["facts"]["name"] == "mic"
    assert found["daemon"][0]["facts"]["running"]
    assert found["socket"][0]["told"].startswith("Answers")
