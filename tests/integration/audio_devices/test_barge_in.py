"""A person talks over the character: a real microphone, a real loudspeaker, and the history afterwards."""

import asyncio
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.support.speech import spoken
from tests.support.voicemate_home import make_home
from voicemate.core.pcm import CLOCK_HZ, Pcm
from voicemate.history import HistoryReader
from voicemate.stt.whisper import Whisper
from voicemate.testing.pulseaudio_room import RATE, PulseAudioRoom, find
from voicemate.testing.talk_process import LISTENING, TalkProcess

pytestmark = [pytest.mark.audio_devices, pytest.mark.models]

GREETING = (
    "Good evening and welcome to the old lighthouse, where I have kept the lamp for more than thirty years. "
    "Every night I climb two hundred steps, and every night I count the ships that pass along the coast. "
    "Some of them I know by their lights alone, and some I only know by the sound of their engines in the fog."
)
BID = "Wait, I would rather hear something about the mountains and the snow."
MOUTHFUL_S = 4.0
"""What the person listens to before they speak over it."""
AUDIBLE = 1e-3
"""-60 dB below full scale."""


def test_the_character_stops_and_remembers_what_was_heard(
    pulse_room: PulseAudioRoom, tmp_path: Path, whisper_base: Path
) -> None:
    bid = spoken(BID)
    house = make_home(tmp_path, pulse_room.environment, greeting=GREETING)
    with pulse_room.recording() as recording, TalkProcess([], house.environment) as talk:
        talk.wait_for(LISTENING, 60)
        time.sleep(MOUTHFUL_S)
        pulse_room.say(bid)
        talk.wait_until_answered()
        talk.stop(signal.SIGINT)
    with HistoryReader(tmp_path / "data" / "history.sqlite3") as history:
        turns = {turn.number: turn for turn in history.recent()}

    began = find(bid, recording.person)
    stopped = silence_after(recording.speaker, began)
    assert stopped < began + len(bid), "it was still talking when the person was done"
    assert GREETING.startswith(turns[0].reply.strip())
    assert turns[0].interrupted
    heard = transcript(recording.speaker[:stopped], whisper_base)
    assert abs(len(turns[0].reply.split()) - len(heard.split())) <= 3, f"{turns[0].reply!r} for {heard!r}"
    assert "mountains" in turns[1].said.lower(), "the whole bid is the next turn"


def transcript(pcm: Pcm, whisper_base: Path) -> str:
    """What whisper hears in sound at the room's rate, from its first sound on."""
    whisper = Whisper(whisper_base, threads=1)
    sound = soxr.resample(pcm[np.flatnonzero(np.abs(pcm) > AUDIBLE)[0] :], RATE, CLOCK_HZ).astype(np.float32)
    heard = asyncio.run(whisper.transcribe(np.ascontiguousarray(sound), "en")).text
    whisper.close()
    return heard


def silence_after(pcm: Pcm, place: int) -> int:
    """Where half a second of silence begins, from ``place`` on."""
    step = RATE // 50
    loud = [bool(np.abs(pcm[at : at + step]).max() > AUDIBLE) for at in range(place, len(pcm) - step, step)]
    silences = [index for index in range(len(loud) - 25) if not any(loud[index : index + 25])]
    return place + silences[0] * step if silences else len(pcm)
