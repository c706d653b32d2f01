"""What PortAudio loads into the process when it lists ALSA's devices."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voicemate.audio.devices import alsa
from voicemate.testing.pulseaudio_room import PulseAudioRoom

pytestmark = [
    pytest.mark.audio_devices,
    pytest.mark.skipif(
        not any(Path("/etc/alsa/conf.d").glob("*a52*")),
        reason="ALSA has no surround encoder (libasound2-plugins)",
    ),
]

LOOK = """
import json, sys
from pathlib import Path
from voicemate.audio.devices import alsa
if sys.argv[1] != "plain":
    alsa._FOLDER = Path(sys.argv[1])
    alsa.skip_encoder_plugins()
import sounddevice
loaded = "libavcodec" in Path("/proc/self/maps").read_text()
print(json.dumps([loaded, [device["name"] for device in sounddevice.query_devices()]]))
"""


AS_IT_SHIPS = str(Path(alsa.__file__).parent)


def look(how: str, room: PulseAudioRoom, configuration: str | None = None) -> list[Any]:
    """Whether libavcodec is loaded, and the devices' names, in a process of its own with the system's ALSA."""
    given = os.environ | room.environment
    del given["ALSA_CONFIG_PATH"]
    given |= {"ALSA_CONFIG_PATH": configuration} if configuration else {}
    told = subprocess.run([sys.executable, "-c", LOOK, how], capture_output=True, text=True, check=True, env=given)
    return json.loads(told.stdout)


def test_the_same_devices_are_found_and_no_codecs_are_loaded(pulse_room: PulseAudioRoom):
    loaded, devices = look("plain", pulse_room)
    assert loaded
    assert look(AS_IT_SHIPS, pulse_room) == [False, devices]
    assert "pulse" in devices


def test_a_configuration_that_cannot_be_read_is_not_used(pulse_room: PulseAudioRoom, tmp_path: Path):
    (tmp_path / "alsa.conf").write_text("@hooks [ { func load files [ { @func getenv vars [ NOT_SET ] } ] } ]")
    assert look(str(tmp_path), pulse_room) == look("plain", pulse_room)


def test_a_persons_own_configuration_is_not_replaced(pulse_room: PulseAudioRoom):
    assert look(AS_IT_SHIPS, pulse_room, "/usr/share/alsa/alsa.conf")[0]
