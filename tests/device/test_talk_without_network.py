"""``voicemate talk`` under its locks, without any network, on a real sound server: it is reached by a Unix socket."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.network_namespace import without_network
from tests.pulse import RATE, PulseRoom
from tests.talk_process import Talk
from voicemate.config import Settings
from voicemate.errands import rendered
from voicemate.personas.persona import Persona, Voice
from voicemate.places import models_folder

pytestmark = [
    pytest.mark.device,
    pytest.mark.real,
    pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's"),
]


def test_a_question_into_the_microphone_is_answered_by_the_loudspeaker(
    pulse_room: PulseRoom, whisper_tiny: Path, smollm2: Path, silero: Path, tmp_path: Path
) -> None:
    asker = Persona(name="Asker", description="Asks.", voice=Voice(language="en", rate=150))
    sounds = asyncio.run(rendered(Settings(), "Can you tell me a story about the sea?", asker))
    question = soxr.resample(np.concatenate([sound.pcm for sound in sounds]), sounds[0].rate, RATE)
    home = {"VOICEMATE_HOME": str(tmp_path), "VOICEMATE_MODELS": str(models_folder())}
    options = ("--stt", "whisper-tiny.en", "--persona", "ambrose")
    with Talk(options, {**pulse_room.environment, **home}, prefix=without_network()) as talk:
        talk.wait_until_greeted(patience_s=100)
        with pulse_room.recording() as recording:
            pulse_room.say(question.astype(np.float32))
            talk.wait_until_answered(patience_s=100)
        kept = (Path("/proc") / str(talk.pid) / "status").read_text()
    assert np.abs(recording.loudspeaker).max() > 0.05
    assert "Seccomp:\t2" in kept
