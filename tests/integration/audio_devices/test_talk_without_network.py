"""``voicemate talk`` under its locks, without any network, on a real sound server: it is reached by a Unix socket."""

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.network_namespace import without_network
from tests.support.speech import spoken
from tests.support.voicemate_home import make_home
from voicemate.testing.pulseaudio_room import PulseAudioRoom
from voicemate.testing.talk_process import LISTENING, TalkProcess

pytestmark = [
    pytest.mark.audio_devices,
    pytest.mark.models,
    pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's"),
]


def test_a_question_into_the_microphone_is_answered_by_the_loudspeaker(
    pulse_room: PulseAudioRoom, whisper_tiny: Path, smollm2: Path, silero: Path, tmp_path: Path
) -> None:
    question = spoken("Can you tell me a story about the sea?")
    house = make_home(tmp_path, pulse_room.environment)
    with TalkProcess([], house.environment, prefix=without_network()) as talk:
        talk.wait_for(LISTENING, timeout_s=100)
        with pulse_room.recording() as recording:
            pulse_room.say(question)
            talk.wait_until_answered(timeout_s=100)
        kept = (Path("/proc") / str(talk.pid) / "status").read_text()
    assert np.abs(recording.speaker).max() > 0.05
    assert "Seccomp:\t2" in kept
